cimport cython


# Only str and numbers: such a class is left alone by the garbage collector. The SER flavour adds to it in a subclass.
cdef class Contact:
    cdef readonly str uri
    cdef readonly str call_id
    cdef readonly str user_agent
    cdef readonly str received
    cdef readonly str path
    cdef readonly str socket
    cdef readonly unsigned int expires
    cdef readonly unsigned int last_modified
    cdef readonly unsigned int cseq
    cdef readonly unsigned int flags
    cdef readonly unsigned int cflags
    cdef readonly unsigned int methods
    cdef readonly short q

    cpdef bint is_valid(self, double now)
    cpdef tuple to_row(self)


@cython.locals(contact=Contact, index="Py_ssize_t")
cpdef Py_ssize_t find_contact(tuple contacts, str uri, str call_id, str path, int mode)

cpdef int check_order(Contact contact, str call_id, unsigned int cseq, int mode, double now, int cseq_delay)

@cython.locals(index="Py_ssize_t", other=Contact)
cpdef tuple insert_contact(tuple contacts, Contact contact, bint newest_first)

@cython.locals(contact=Contact, earliest="unsigned int")
cpdef unsigned int earliest_expiry(tuple contacts)
