cimport cython

cdef object _dumps
cdef object _loads

@cython.locals(rows=list)
cpdef bytes encode(str name, object value, object record)

cdef _check(str name, object item, object record)

@cython.locals(rows=list)
cpdef object decode(object data, object record)
