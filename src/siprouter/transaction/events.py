"""Events of a transaction that others can watch; the numbers are bits of a mask."""

from typing import Final

REQUEST_IN: Final = 1 << 0  # a new transaction begins (all transactions; cannot be watched on one)
RESPONSE_IN: Final = 1 << 1  # a reply came for a transaction of others'
E2EACK_IN: Final = 1 << 2  # the first ACK for a relayed 2xx
REQUEST_FWDED: Final = 1 << 3  # a branch is about to be built
RESPONSE_FWDED: Final = 1 << 4  # a reply below 300 is about to be relayed
ON_FAILURE_RO: Final = 1 << 5  # all branches failed; look only
ON_FAILURE: Final = 1 << 6  # all branches failed; may add branches or reply
RESPONSE_OUT: Final = 1 << 7  # a reply was sent upstream: relayed, or a final one of our own
LOCAL_COMPLETED: Final = 1 << 8  # a transaction of our own got its final reply
LOCAL_RESPONSE_OUT: Final = 1 << 9  # … a provisional one (parameter pass_provisional_replies)
ACK_NEG_IN: Final = 1 << 10  # the hop-by-hop ACK came
REQ_RETR_IN: Final = 1 << 11  # the request came again
LOCAL_RESPONSE_IN: Final = 1 << 12  # a reply came for a transaction of our own
LOCAL_REQUEST_IN: Final = 1 << 13  # a transaction of our own begins
DESTROY: Final = 1 << 15  # the transaction leaves the table
E2ECANCEL_IN: Final = 1 << 16  # the caller cancels
E2EACK_RETR_IN: Final = 1 << 17  # such an ACK again
RESPONSE_READY: Final = 1 << 18  # a reply is about to be sent upstream
REQUEST_SENT: Final = 1 << 20  # bytes of a request left: forwarded, retransmitted, CANCEL, ACK
RESPONSE_SENT: Final = 1 << 21  # bytes of a reply left

EVENT_NAMES: Final = {
    "request_in": REQUEST_IN,
    "response_in": RESPONSE_IN,
    "e2eack_in": E2EACK_IN,
    "request_fwded": REQUEST_FWDED,
    "response_fwded": RESPONSE_FWDED,
    "on_failure_ro": ON_FAILURE_RO,
    "on_failure": ON_FAILURE,
    "response_out": RESPONSE_OUT,
    "local_completed": LOCAL_COMPLETED,
    "local_response_out": LOCAL_RESPONSE_OUT,
    "ack_neg_in": ACK_NEG_IN,
    "req_retr_in": REQ_RETR_IN,
    "local_response_in": LOCAL_RESPONSE_IN,
    "local_request_in": LOCAL_REQUEST_IN,
    "destroy": DESTROY,
    "e2ecancel_in": E2ECANCEL_IN,
    "e2eack_retr_in": E2EACK_RETR_IN,
    "response_ready": RESPONSE_READY,
    "request_sent": REQUEST_SENT,
    "response_sent": RESPONSE_SENT,
}
