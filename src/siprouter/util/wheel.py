"""A hierarchical timer wheel that is told the time: adding, moving and cancelling a timer cost O(1).

Times are seconds, not negative, on any clock that does not run backwards; one tick is 10 ms unless told otherwise.
A timer never fires early, and at most one tick late.
"""

import math
from collections.abc import Callable

_NEAR_BITS = 8
_FAR_BITS = 6
_NEAR_SLOTS = 1 << _NEAR_BITS
_FAR_SLOTS = 1 << _FAR_BITS
_FAR_LEVELS = 4
_NEAR_MASK = _NEAR_SLOTS - 1
_FAR_MASK = _FAR_SLOTS - 1
_MAX_TICKS = 0xFFFFFFFF  # what the levels span: 8 + 4 * 6 bits
# Rounding slack in ticks: 0.29 * 100 must count as 29 ticks, not 28.999.
_SLACK = 1e-4


class Timer:
    """Something that happens once, later. Subclasses override `fire`; a timer may be added again at any time."""

    __slots__ = ("due", "level", "next", "prev")

    def __init__(self) -> None:
        self.next: Timer | None = None
        self.prev: Timer | None = None
        self.due = 0
        self.level = 0

    def fire(self, now: float) -> None:
        """Called by the wheel, with the timer no longer in it. `now` is the time given to `advance`."""
        raise NotImplementedError

    def is_armed(self) -> bool:
        """Whether the timer waits in a wheel."""
        return self.next is not None


class CallTimer(Timer):
    """A timer that calls `callback(*arguments)`."""

    __slots__ = ("arguments", "callback")

    def __init__(self, callback: Callable[..., object], *arguments: object) -> None:
        super().__init__()
        self.callback = callback
        self.arguments = arguments

    def fire(self, _now: float) -> None:
        """Run the callback."""
        self.callback(*self.arguments)


def new_ring() -> Timer:
    """An empty ring: a head linked to itself."""
    head = Timer()
    head.next = head
    head.prev = head
    return head


class Wheel:
    """Timers of one event loop.

    Level 0 has one slot for each of the next 256 ticks; each further level covers 64 times the span of the one
    before and spills into it when its turn comes. Timers of one tick fire in the order in which they were added.
    A timer that raises is handed to `on_error` and does not keep the others from firing; without `on_error` the
    exception leaves `advance`, and the remaining due timers fire at the next call.
    """

    def __init__(
        self,
        now: float = 0.0,
        tick: float = 0.01,
        on_error: Callable[[Timer, Exception], None] | None = None,
    ) -> None:
        self.rate = 1.0 / tick
        self.current = int(now * self.rate + _SLACK)
        self.count = 0
        self.near_count = 0
        self.on_error = on_error
        self.slots = [new_ring() for _ in range(_NEAR_SLOTS + _FAR_LEVELS * _FAR_SLOTS)]
        self.expired = new_ring()

    def __len__(self) -> int:
        """How many timers wait."""
        return self.count

    def add(self, timer: Timer, when: float) -> None:
        """Let `timer` fire at `when` (seconds, absolute); a time that is past means the next `advance`."""
        if timer.next is not None:
            self.remove(timer)
        due = int(when * self.rate - _SLACK) + 1
        if due <= self.current:
            due = self.current + 1
        elif due - self.current > _MAX_TICKS:
            due = self.current + _MAX_TICKS
        timer.due = due
        self.count += 1
        self.place(timer)

    def cancel(self, timer: Timer) -> None:
        """Take `timer` out; nothing happens when it does not wait."""
        if timer.next is not None:
            self.remove(timer)

    def call(self, when: float, callback: Callable[..., object], *arguments: object) -> CallTimer:
        """Call `callback(*arguments)` at `when`; the result can be cancelled."""
        timer = CallTimer(callback, *arguments)
        self.add(timer, when)
        return timer

    def remove(self, timer: Timer) -> None:
        """Unlink an armed timer."""
        before = timer.prev
        after = timer.next
        assert before is not None and after is not None
        before.next = after
        after.prev = before
        timer.next = None
        timer.prev = None
        self.count -= 1
        if timer.level == 0:
            self.near_count -= 1

    def place(self, timer: Timer) -> None:
        """Link a timer whose `due` is set (and not before `current`) into its slot."""
        due = timer.due
        distance = due - self.current
        if distance < _NEAR_SLOTS:
            timer.level = 0
            self.near_count += 1
            index = due & _NEAR_MASK
        else:
            level = 1
            shift = _NEAR_BITS
            while distance >> (shift + _FAR_BITS) and level < _FAR_LEVELS:
                level += 1
                shift += _FAR_BITS
            timer.level = level
            index = _NEAR_SLOTS + (level - 1) * _FAR_SLOTS + ((due >> shift) & _FAR_MASK)
        self.link(self.slots[index], timer)

    def link(self, head: Timer, timer: Timer) -> None:
        """Append `timer` to the ring of `head`."""
        last = head.prev
        assert last is not None
        last.next = timer
        timer.prev = last
        timer.next = head
        head.prev = timer

    def advance(self, now: float) -> int:
        """Fire what is due at `now`; returns how many timers fired. Timers added meanwhile wait for a later tick."""
        target = int(now * self.rate + _SLACK)
        fired = self.fire_expired(now)
        while self.current < target:
            if self.near_count == 0 and not self.skip_idle(target):
                break
            self.current += 1
            if self.current & _NEAR_MASK == 0:
                self.cascade()
            head = self.slots[self.current & _NEAR_MASK]
            if head.next is not head:
                self.expire(head)
                fired += self.fire_expired(now)
        return fired

    def skip_idle(self, target: int) -> bool:
        """With level 0 empty, jump to just before the next spill; False when that lies past `target`."""
        if self.count == 0 or self.current | _NEAR_MASK >= target:
            self.current = target
            return False
        self.current |= _NEAR_MASK
        return True

    def cascade(self) -> None:
        """At the end of a turn, spill the due slot of each higher level whose turn has come."""
        shift = _NEAR_BITS
        for level in range(_FAR_LEVELS):
            index = (self.current >> shift) & _FAR_MASK
            self.spill(self.slots[_NEAR_SLOTS + level * _FAR_SLOTS + index])
            if index != 0:
                return
            shift += _FAR_BITS

    def spill(self, head: Timer) -> None:
        """Place the timers of one slot anew."""
        timer = head.next
        head.next = head
        head.prev = head
        while timer is not head:
            assert timer is not None
            following = timer.next
            self.place(timer)
            timer = following

    def expire(self, head: Timer) -> None:
        """Move a whole slot to the ring of expired timers."""
        timer = head.next
        while timer is not head:
            assert timer is not None
            following = timer.next
            self.link(self.expired, timer)
            timer = following
        head.next = head
        head.prev = head

    def fire_expired(self, now: float) -> int:
        """Fire the expired timers one by one; each may add, move or cancel any other."""
        head = self.expired
        fired = 0
        timer = head.next
        while timer is not head:
            assert timer is not None
            self.remove(timer)
            fired += 1
            try:
                timer.fire(now)
            except Exception as error:
                if self.on_error is None:
                    raise
                self.on_error(timer, error)
            timer = head.next
        return fired

    def next_due(self) -> float:
        """When `advance` has work at the earliest (seconds): exact within the next 256 ticks, else a time not past it;
        infinity when nothing waits."""
        if self.expired.next is not self.expired:
            return self.current / self.rate
        if self.count == 0:
            return math.inf
        boundary = (self.current | _NEAR_MASK) + 1
        if self.near_count:
            for tick in range(self.current + 1, self.current + _NEAR_SLOTS):
                if tick == boundary and self.count > self.near_count:
                    break
                head = self.slots[tick & _NEAR_MASK]
                if head.next is not head:
                    return tick / self.rate
        return boundary / self.rate
