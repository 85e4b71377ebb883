from siprouter.transport.endpoint cimport Endpoint
from siprouter.util.wheel cimport Timer, Wheel


cdef class Config:
    cdef public bint aggregate_challenges
    cdef public int cancel_b_method
    cdef public bint disable_6xx_block
    cdef public bint e2e_cancel_reason
    cdef public int failure_reply_mode
    cdef public double fr_inv_timer
    cdef public double fr_timer
    cdef public bint local_cancel_reason
    cdef public double max_inv_lifetime
    cdef public double max_noninv_lifetime
    cdef public bint noisy_ctimer
    cdef public bint restart_fr_on_each_reply
    cdef public double retr_timer1
    cdef public double retr_timer2
    cdef public bint ruri_matching
    cdef public bint via1_matching
    cdef public double wt_timer


cdef class Statistics:
    cdef public list by_class
    cdef public long long created
    cdef public long long current
    cdef public long long generated
    cdef public long long local
    cdef public long long received
    cdef public long long sent
    cdef public long long waiting


cdef class Shared:
    cdef public object clock
    cdef public Config config
    cdef public object outlet
    cdef public Statistics stats
    cdef public object user
    cdef public Wheel wheel

    cpdef forget(self, transaction)


cdef class Retransmitter(Timer):
    cdef public bytes data
    cdef public Endpoint target
    cdef public double interval
    cdef public double retransmit_at
    cdef public double expire_at

    cpdef prepare(self)
    cpdef arm(self, Wheel wheel)
    cpdef stop(self, Wheel wheel)
    cpdef back_off(self, double now, double longest)
