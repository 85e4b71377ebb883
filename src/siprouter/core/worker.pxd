from siprouter.core.counters cimport Counters


cdef class Worker:
    cdef public object outlet
    cdef public object resolver
    cdef public object wheel
    cdef public object now
    cdef public object wall_clock
    cdef public object spawn
    cdef public object sleep
    cdef public object random_bytes
    cdef public object settings
    cdef public dict core
    cdef public object state
    cdef public object listeners
    cdef public object registry
    cdef public dict avp_aliases
    cdef public object cfg
    cdef public Counters counters
    cdef public object hooks
    cdef public dict modules
    cdef public list module_order
    cdef public object script
    cdef public str script_mode
    cdef public int index
    cdef public int count
    cdef public double started_at
    cdef public dict services
    cdef public object env
    cdef public object log
    cdef public object observation
    cdef dict __dict__
