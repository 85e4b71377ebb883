from siprouter.core.context cimport Context

cpdef str get_method(Context ctx)
cpdef str get_uri(Context ctx)
cpdef object get_from_uri(Context ctx)
cpdef object get_to_uri(Context ctx)
cpdef bint same_text(str left, object right) except? -1
cpdef bint found_in(object regex, str left) except? -1
cpdef bint text_matches(str left, object right) except? -1
cpdef bint uri_is_mine(Context ctx) except? -1
cpdef bint from_is_mine(Context ctx) except? -1
cpdef bint to_is_mine(Context ctx) except? -1
cpdef bint ip_is_mine(Context ctx, str ip) except? -1
cpdef str get_src_ip(Context ctx)
cpdef str get_dst_ip(Context ctx)
cpdef object get_src_port(Context ctx)
cpdef object get_dst_port(Context ctx)
cpdef object get_proto(Context ctx)
cpdef object get_af(Context ctx)
