cimport cython


cpdef unsigned int core_hash(bytes first, bytes second=*, unsigned int size=*)
cpdef unsigned int core_case_hash(bytes first, bytes second=*, unsigned int size=*)
cpdef unsigned int call_shard(bytes call_id, unsigned int shards)

@cython.locals(word="unsigned int", filled=int, index="Py_ssize_t", byte=int)
cdef unsigned int _mix(unsigned int value, bytes data, bint fold)
cdef unsigned int _finish(unsigned int value)
