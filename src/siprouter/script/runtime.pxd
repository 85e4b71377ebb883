from siprouter.core.context cimport Context

cpdef int stopped(Context ctx) except? -1
cpdef int stop(Context ctx) except? -1
cpdef int halt() except? -1
cpdef int store(Context ctx, int code) except? -1
cpdef int store_route(Context ctx, int code) except? -1
cpdef object integer(object value)
cpdef object text(object value)
cpdef bint positive(object value) except? -1
cpdef bint truth(object value) except? -1
cpdef Py_ssize_t length(str value) except? -1
cpdef bint equal(object left, object right) except? -1
cpdef bint equal_text(object left, str right, object number) except? -1
cpdef bint equal_number(object left, object right) except? -1
cpdef bint matches(str value, str pattern) except? -1
cpdef object wrap(object number)
cpdef object add(object left, object right)
cpdef str bounded(str value)
cpdef object divide(object left, object right)
cpdef object modulo(object left, object right)
cpdef object shift_left(object left, object right)
cpdef object shift_right(object left, object right)
cpdef int run_route(Context ctx, object run, str place) except? -1
cpdef int too_deep(Context ctx, str place) except? -1
cpdef object find_route(Context ctx, dict routes, str name, str place)
cpdef int run_named(Context ctx, dict routes, str name, str place) except? -1
