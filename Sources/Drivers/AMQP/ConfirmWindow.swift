/// Which published bodies wait for room, and which are on their way to be confirmed.
///
/// A value without sockets or clocks. A ticket enters by ``enqueue(_:bytes:deadline:)`` and leaves it exactly once:
/// settled by the broker, expired, or failed with the connection. Bodies go out in the order in which they came.
/// The broker numbers publishes from 1 on each channel, and so does the window (`sequence`).
///
/// After a rest only a first slice goes out, and the first answer opens the rest of the window: a broker under an alarm
/// answers nothing, and what is not sent is not lost. It stays open as long as answers come, and ``Limits/rest`` longer.
struct ConfirmWindow<Ticket> {
    struct Limits {
        var messages: Int
        var bytes: Int
        var waitingBytes: Int
        /// Bytes that may go out after a rest; one larger body goes alone.
        var firstBytes = 64 << 10
        /// With nothing in flight for longer than this the window closes.
        var rest = Duration.milliseconds(250)
    }

    enum Outcome: Equatable {
        case confirmed
        case nacked
        case returned(String)
    }

    private struct Entry {
        /// `nil` once expired: the publisher has gone, but its place stays taken until the broker answers.
        var ticket: Ticket?
        var bytes: Int
        var deadline: ContinuousClock.Instant
        var returned: String?
        var isSettled = false
    }

    let limits: Limits
    private var waiting = Line<Entry>()
    private var waitingBytes = 0
    private var flight = Line<Entry>()
    /// The broker's number of the first in flight.
    private var oldestSequence: UInt64 = 1
    private(set) var unsettledBytes = 0
    private var lastAnswer: ContinuousClock.Instant?
    private var isOpen = false
    /// No ticket's time is over before this; may be earlier than the first of them.
    private var nextExpiry: ContinuousClock.Instant?

    init(limits: Limits) {
        self.limits = limits
    }

    /// When the broker should have answered the oldest body in flight; nil while its publisher still waits, or where there
    /// is none. Behind it the window fills up, and in the end nothing goes out any more.
    var overdueSince: ContinuousClock.Instant? {
        guard !flight.isEmpty, flight[0].ticket == nil else { return nil }
        return flight[0].deadline
    }

    /// Bodies sent and neither confirmed nor refused; settled ones behind an unsettled one count too.
    var inFlightCount: Int { flight.count }
    var waitingCount: Int { waiting.count }
    var isEmpty: Bool { waiting.isEmpty && flight.isEmpty }

    /// Lines a body up to be sent; `false` when too much waits already, and then the ticket stays the caller's.
    mutating func enqueue(_ ticket: Ticket, bytes: Int, deadline: ContinuousClock.Instant) -> Bool {
        guard waiting.isEmpty || waitingBytes + bytes <= limits.waitingBytes else { return false }
        waiting.append(Entry(ticket: ticket, bytes: bytes, deadline: deadline))
        waitingBytes += bytes
        nextExpiry = min(nextExpiry ?? deadline, deadline)
        return true
    }

    /// Whether ``admit(now:)`` would answer a ticket.
    var hasAdmissible: Bool {
        !waiting.isEmpty && hasRoom(for: waiting[0].bytes)
    }

    /// The oldest ticket that waits, when it may go out now; it is in flight from here on.
    mutating func admit(now: ContinuousClock.Instant) -> (sequence: UInt64, ticket: Ticket)? {
        guard hasAdmissible, let ticket = waiting[0].ticket else { return nil }
        if flight.isEmpty { isOpen = lastAnswer.map { now - $0 <= limits.rest } ?? false }
        flight.append(waiting[0])
        unsettledBytes += waiting[0].bytes
        waitingBytes -= waiting[0].bytes
        waiting[0].ticket = nil
        waiting.dropFirst()
        return (oldestSequence + UInt64(flight.count) - 1, ticket)
    }

    /// A body larger than what may go out goes alone.
    private func hasRoom(for bytes: Int) -> Bool {
        let room = isOpen ? limits.bytes : min(limits.firstBytes, limits.bytes)
        return flight.isEmpty || (flight.count < limits.messages && unsettledBytes + bytes <= room)
    }

    /// Notes that the broker returned a body as unroutable; its ack follows.
    mutating func markReturned(_ sequence: UInt64, reason: String) {
        guard let index = index(of: sequence) else { return }
        flight[index].returned = reason
    }

    /// Settles one body, or with `multiple` all up to and including it; ignores numbers that are not in flight.
    ///
    /// With `multiple`, number 0 stands for all in flight (AMQP 0-9-1, basic.ack.delivery-tag).
    mutating func settle(
        _ sequence: UInt64, multiple: Bool, isAck: Bool, now: ContinuousClock.Instant
    ) -> [(ticket: Ticket, outcome: Outcome)] {
        var settled: [(ticket: Ticket, outcome: Outcome)] = []
        for index in indices(of: sequence, multiple: multiple) where !flight[index].isSettled {
            let outcome = flight[index].returned.map(Outcome.returned) ?? (isAck ? .confirmed : .nacked)
            if let ticket = flight[index].ticket { settled.append((ticket, outcome)) }
            unsettledBytes -= flight[index].bytes
            flight[index].isSettled = true
            flight[index].ticket = nil
            lastAnswer = now
            isOpen = true
        }
        dropSettled()
        return settled
    }

    private func indices(of sequence: UInt64, multiple: Bool) -> Range<Int> {
        if let index = index(of: sequence) { return (multiple ? 0 : index)..<index + 1 }
        // Above all numbers in flight means all of them too: the broker has the last word on its numbers.
        let meansAll = multiple && (sequence == 0 || sequence > oldestSequence)
        return meansAll ? flight.indices : 0..<0
    }

    private func index(of sequence: UInt64) -> Int? {
        guard sequence >= oldestSequence, sequence - oldestSequence < UInt64(flight.count) else { return nil }
        return Int(sequence - oldestSequence)
    }

    private mutating func dropSettled() {
        while !flight.isEmpty, flight[0].isSettled {
            flight.dropFirst()
            oldestSequence += 1
        }
    }

    /// Takes out the tickets whose deadline has passed: never sent, or sent with an unknown outcome.
    mutating func expire(now: ContinuousClock.Instant) -> (neverSent: [Ticket], unknown: [Ticket]) {
        guard let nextExpiry, nextExpiry <= now else { return ([], []) }
        var unknown: [Ticket] = []
        for index in flight.indices where flight[index].deadline <= now {
            if let ticket = flight[index].ticket { unknown.append(ticket) }
            flight[index].ticket = nil
        }
        let late = waiting.filter { $0.deadline <= now }
        if !late.isEmpty { waiting.removeAll { $0.deadline <= now } }
        waitingBytes -= late.reduce(0) { $0 + $1.bytes }
        self.nextExpiry = (flight.filter { $0.ticket != nil } + waiting).map(\.deadline).min()
        return (late.compactMap(\.ticket), unknown)
    }

    /// Takes out everything, as the channel is gone; the numbering starts anew.
    mutating func fail() -> (neverSent: [Ticket], unknown: [Ticket]) {
        let result = (waiting.compactMap(\.ticket), flight.compactMap(\.ticket))
        self = ConfirmWindow(limits: limits)
        return result
    }
}
