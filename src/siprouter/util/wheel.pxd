cimport cython

cdef int _NEAR_BITS
cdef int _FAR_BITS
cdef int _NEAR_SLOTS
cdef int _FAR_SLOTS
cdef int _FAR_LEVELS
cdef int _NEAR_MASK
cdef int _FAR_MASK
cdef long long _MAX_TICKS
cdef double _SLACK


cdef class Timer:
    cdef public Timer next
    cdef public Timer prev
    cdef public long long due
    cdef public int level

    cpdef fire(self, double now)
    cpdef bint is_armed(self)


cdef class CallTimer(Timer):
    cdef public object callback
    cdef public tuple arguments

    cpdef fire(self, double _now)


cpdef Timer new_ring()


cdef class Wheel:
    cdef public double rate
    cdef public long long current
    cdef public Py_ssize_t count
    cdef public Py_ssize_t near_count
    cdef public object on_error
    cdef public list slots
    cdef public Timer expired

    @cython.locals(due="long long")
    cpdef add(self, Timer timer, double when)
    cpdef cancel(self, Timer timer)
    @cython.locals(before=Timer, after=Timer)
    cpdef remove(self, Timer timer)
    @cython.locals(due="long long", distance="long long", level=int, shift=int, index="long long")
    cpdef place(self, Timer timer)
    @cython.locals(last=Timer)
    cpdef link(self, Timer head, Timer timer)
    @cython.locals(target="long long", fired=int, head=Timer)
    cpdef int advance(self, double now) except? -1
    cpdef bint skip_idle(self, long long target) except -1
    @cython.locals(shift=int, level=int, index="long long")
    cpdef cascade(self)
    @cython.locals(timer=Timer, following=Timer)
    cpdef spill(self, Timer head)
    @cython.locals(timer=Timer, following=Timer)
    cpdef expire(self, Timer head)
    @cython.locals(head=Timer, fired=int, timer=Timer)
    cpdef int fire_expired(self, double now) except? -1
    @cython.locals(boundary="long long", tick="long long", head=Timer)
    cpdef double next_due(self) except? -1
