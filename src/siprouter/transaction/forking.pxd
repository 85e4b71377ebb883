cimport cython

from siprouter.transaction.branch cimport Branch

cdef int B_FAKED


@cython.locals(status_class=int, rank=int)
cpdef int priority(int status) except -1

@cython.locals(branch=Branch)
cpdef bint has_pending(list branches) except -1

@cython.locals(branch=Branch, best=Branch, best_rank=int, rank=int)
cpdef Branch pick_best(list branches)

@cython.locals(branch=Branch, count=int)
cpdef int challenge_count(list branches) except -1
