"""Numbers of the states, inputs and actions of the four state machines, and what they share."""

from collections.abc import Iterable
from typing import Final

from siprouter.util.errors import InternalError

# States of a server transaction (RFC 3261 17.2, RFC 6026). Trying is the non-INVITE's first state.
S_TRYING: Final = 0
S_PROCEEDING: Final = 1
S_COMPLETED: Final = 2
S_CONFIRMED: Final = 3
S_ACCEPTED: Final = 4
S_TERMINATED: Final = 5
SERVER_STATES: Final = ("trying", "proceeding", "completed", "confirmed", "accepted", "terminated")

# Inputs of a server transaction
IN_REQUEST: Final = 0  # the request came again
IN_ACK: Final = 1  # a hop-by-hop ACK, or one for a 2xx that we generated
SEND_1XX: Final = 2  # the transaction user sends a provisional reply
SEND_2XX: Final = 3
SEND_3XX_6XX: Final = 4
TIMER_RETRANSMIT: Final = 5  # G; for a 2xx of our own also in Accepted
TIMER_GIVE_UP: Final = 6  # H; no ACK came
TIMER_LINGER: Final = 7  # I, J, L: nothing more to absorb
SERVER_INPUTS: Final = 8

# Actions of a server transaction
IGNORE: Final = 0
RESEND: Final = 1  # send the last reply once more
SEND: Final = 2  # send the given reply and keep it
SEND_RETRANSMITTED: Final = 3  # send, keep, retransmit until ACK
SEND_LAST: Final = 4  # send, keep, and linger
SEND_BESIDE: Final = 5  # send a 2xx without touching the state: another final reply went before
REFUSE: Final = 6  # the transaction user may not send this any more
LINGER: Final = 7  # stop retransmitting, absorb what is late
STOP_RESENDING: Final = 8  # the ACK of our own 2xx came
END: Final = 9

# States of a client transaction (RFC 3261 17.1, RFC 6026); Resolving comes before: the target is not known yet.
C_RESOLVING: Final = 0
C_CALLING: Final = 1  # non-INVITE: Trying
C_PROCEEDING: Final = 2
C_COMPLETED: Final = 3
C_ACCEPTED: Final = 4
C_TERMINATED: Final = 5
CLIENT_STATES: Final = ("resolving", "calling", "proceeding", "completed", "accepted", "terminated")

# Inputs of a client transaction
START: Final = 0  # target and bytes are there
R_1XX: Final = 1
R_2XX: Final = 2
R_3XX_6XX: Final = 3
T_RETRANSMIT: Final = 4  # A, E
T_FINAL: Final = 5  # B, C, F: no final reply in time
SEND_FAILED: Final = 6  # the transport, or the look-up of the target, reported an error
T_LINGER: Final = 7  # D, K, M: the server side is done with
CLIENT_INPUTS: Final = 8

# Actions of a client transaction
C_IGNORE: Final = 0
C_SEND: Final = 1  # first transmission, start the timers
C_RESEND: Final = 2
C_PROGRESS: Final = 3  # provisional reply to the transaction user; stop or slow down retransmission
C_SUCCESS: Final = 4  # 2xx to the transaction user
C_FAILURE: Final = 5  # final reply other than 2xx to the transaction user; an INVITE's is acknowledged
C_ACK: Final = 6  # acknowledge a final reply that came again
C_TIMEOUT: Final = 7  # tell the transaction user: 408
C_ERROR: Final = 8  # tell the transaction user: 503, 478
C_LATE_SUCCESS: Final = 9  # a 2xx after the branch had another end
C_END: Final = 10

Row = tuple[int, int, int, int]


def flatten(rows: Iterable[Row], states: int, inputs: int) -> tuple[bytes, bytes]:
    """Turn rows (state, input, action, next state) into two tables indexed by `state * inputs + input`.

    What no row names is ignored (action 0, same state). Raises InternalError for a pair named twice.
    """
    actions = bytearray(states * inputs)
    following = bytearray(state for state in range(states) for _ in range(inputs))
    seen = set()
    for state, given, action, successor in rows:
        index = state * inputs + given
        if index in seen:
            raise InternalError(f"two rows for state {state}, input {given}")
        seen.add(index)
        actions[index] = action
        following[index] = successor
    return bytes(actions), bytes(following)
