/// Which published bodies wait for room, and which are on their way to be confirmed.
///
/// A value without sockets or clocks. A ticket enters by ``enqueue(_:bytes:deadline:)`` and leaves it exactly once:
/// settled by the broker, expired, or failed with the connection. Bodies go out in the order in which they came.
/// The broker numbers publishes from 1 on each channel, and so does the window (`sequence`).
struct ConfirmWindow<Ticket> {
    struct Limits {
        var messages: Int
        var bytes: Int
        var waitingBytes: Int
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
    private var waiting: [Entry] = []
    private var waitingBytes = 0
    private var flight: [Entry] = []
    /// The broker's number of `flight[head]`.
    private var oldestSequence: UInt64 = 1
    private var head = 0
    private(set) var unsettledBytes = 0

    init(limits: Limits) {
        self.limits = limits
    }

    /// Bodies sent and neither confirmed nor refused; settled ones behind an unsettled one count too.
    var inFlightCount: Int { flight.count - head }
    var waitingCount: Int { waiting.count }
    var isEmpty: Bool { waiting.isEmpty && inFlightCount == 0 }

    /// Lines a body up to be sent; `false` when too much waits already, and then the ticket stays the caller's.
    mutating func enqueue(_ ticket: Ticket, bytes: Int, deadline: ContinuousClock.Instant) -> Bool {
        guard waiting.isEmpty || waitingBytes + bytes <= limits.waitingBytes else { return false }
        waiting.append(Entry(ticket: ticket, bytes: bytes, deadline: deadline))
        waitingBytes += bytes
        return true
    }

    /// The tickets that may go out now, oldest first; they are in flight from here on.
    mutating func admit() -> [(sequence: UInt64, ticket: Ticket)] {
        var admitted: [(sequence: UInt64, ticket: Ticket)] = []
        while admitted.count < waiting.count, hasRoom(for: waiting[admitted.count].bytes) {
            let entry = waiting[admitted.count]
            flight.append(entry)
            unsettledBytes += entry.bytes
            waitingBytes -= entry.bytes
            admitted.append((oldestSequence + UInt64(inFlightCount) - 1, entry.ticket!))
        }
        waiting.removeFirst(admitted.count)
        return admitted
    }

    /// A body larger than the whole window goes alone.
    private func hasRoom(for bytes: Int) -> Bool {
        inFlightCount == 0 || (inFlightCount < limits.messages && unsettledBytes + bytes <= limits.bytes)
    }

    /// Notes that the broker returned a body as unroutable; its ack follows.
    mutating func markReturned(_ sequence: UInt64, reason: String) {
        guard let index = index(of: sequence) else { return }
        flight[index].returned = reason
    }

    /// Settles one body, or with `multiple` all up to and including it; ignores numbers that are not in flight.
    ///
    /// With `multiple`, number 0 stands for all in flight (AMQP 0-9-1, basic.ack.delivery-tag).
    mutating func settle(_ sequence: UInt64, multiple: Bool, isAck: Bool) -> [(ticket: Ticket, outcome: Outcome)] {
        let indices: Range<Int>
        if multiple {
            let count = sequence == 0 ? inFlightCount : Int(clamping: Int64(sequence) - Int64(oldestSequence) + 1)
            indices = head..<head + min(max(count, 0), inFlightCount)
        } else {
            guard let index = index(of: sequence) else { return [] }
            indices = index..<index + 1
        }
        var settled: [(ticket: Ticket, outcome: Outcome)] = []
        for index in indices where !flight[index].isSettled {
            let outcome = flight[index].returned.map(Outcome.returned) ?? (isAck ? .confirmed : .nacked)
            flight[index].isSettled = true
            unsettledBytes -= flight[index].bytes
            if let ticket = flight[index].ticket { settled.append((ticket, outcome)) }
            flight[index].ticket = nil
        }
        dropSettled()
        return settled
    }

    private func index(of sequence: UInt64) -> Int? {
        guard sequence >= oldestSequence, sequence - oldestSequence < UInt64(inFlightCount) else { return nil }
        return head + Int(sequence - oldestSequence)
    }

    private mutating func dropSettled() {
        while head < flight.count, flight[head].isSettled {
            head += 1
            oldestSequence += 1
        }
        if head == flight.count || head > 1_024 {
            flight.removeFirst(head)
            head = 0
        }
    }

    /// Takes out the tickets whose deadline has passed: never sent, or sent with an unknown outcome.
    mutating func expire(now: ContinuousClock.Instant) -> (neverSent: [Ticket], unknown: [Ticket]) {
        var unknown: [Ticket] = []
        for index in head..<flight.count where flight[index].deadline <= now {
            if let ticket = flight[index].ticket { unknown.append(ticket) }
            flight[index].ticket = nil
        }
        guard waiting.contains(where: { $0.deadline <= now }) else { return ([], unknown) }
        let late = waiting.filter { $0.deadline <= now }
        waiting.removeAll { $0.deadline <= now }
        waitingBytes -= late.reduce(0) { $0 + $1.bytes }
        return (late.compactMap(\.ticket), unknown)
    }

    /// Takes out everything, as the channel is gone; the numbering starts anew.
    mutating func fail() -> (neverSent: [Ticket], unknown: [Ticket]) {
        let result = (waiting.compactMap(\.ticket), flight[head...].compactMap(\.ticket))
        self = ConfirmWindow(limits: limits)
        return result
    }
}
