from siprouter.core.context cimport Context

cpdef insert_late(Context ctx, owner)
cpdef find_late(Context ctx, kind)
cpdef list settle_edits(Context ctx, list edits, listener)
