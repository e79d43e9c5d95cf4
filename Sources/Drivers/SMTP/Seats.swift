import NIOConcurrencyHelpers

/// Who may use which connection: at most so many are open, and whoever finds none free waits in line.
final class Seats: Sendable {
    /// What one gets: a connection to use again, or leave to open one.
    enum Seat: Sendable {
        case connection(SMTPConnection)
        case empty
    }

    private struct State {
        var idle: [SMTPConnection] = []
        var taken = 0
        var isClosed = false
        var nextTicket: UInt64 = 0
        /// Those that go first before the others, each in order of arrival.
        var waiting: [Waiter] = []
    }

    private struct Waiter {
        var ticket: UInt64
        var goesFirst: Bool
        var continuation: CheckedContinuation<Result<Seat, SMTPError>, Never>
    }

    private let limit: Int
    private let state = NIOLockedValueBox(State())

    init(limit: Int) { self.limit = limit }

    /// How many wait in line.
    var waitingCount: Int { state.withLockedValue { $0.waiting.count } }

    /// The next seat. Throws `cancelled` or `shutDown`.
    func take(goesFirst: Bool = false) async throws(SMTPError) -> Seat {
        let ticket = state.withLockedValue { state in
            state.nextTicket += 1
            return state.nextTicket
        }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation {
                enter(Waiter(ticket: ticket, goesFirst: goesFirst, continuation: $0))
            }
        } onCancel: {
            cancel(ticket)
        }
        return try result.get()
    }

    private func enter(_ waiter: Waiter) {
        let result: Result<Seat, SMTPError>? = state.withLockedValue { state in
            if state.isClosed { return .failure(SMTPError(.shutDown, .connect)) }
            if Task.isCancelled { return .failure(SMTPError(.cancelled, .connect)) }
            while let connection = state.idle.popLast() {
                if !connection.isOver { return .success(.connection(connection)) }
            }
            guard state.taken < limit else {
                let place = waiter.goesFirst ? state.waiting.firstIndex { !$0.goesFirst } : nil
                state.waiting.insert(waiter, at: place ?? state.waiting.endIndex)
                return nil
            }
            state.taken += 1
            return .success(.empty)
        }
        if let result { waiter.continuation.resume(returning: result) }
    }

    private func cancel(_ ticket: UInt64) {
        let waiter = state.withLockedValue { state in
            state.waiting.firstIndex { $0.ticket == ticket }.map { state.waiting.remove(at: $0) }
        }
        waiter?.continuation.resume(returning: .failure(SMTPError(.cancelled, .connect)))
    }

    /// Takes a connection back for the next in line. Returns false where nobody may use it any more.
    func giveBack(_ connection: SMTPConnection) -> Bool {
        let (isTaken, waiter) = state.withLockedValue {
            state -> (Bool, CheckedContinuation<Result<Seat, SMTPError>, Never>?) in
            if state.isClosed { return (false, nil) }
            if state.waiting.isEmpty {
                state.idle.append(connection)
                return (true, nil)
            }
            return (true, state.waiting.removeFirst().continuation)
        }
        waiter?.resume(returning: .success(.connection(connection)))
        return isTaken
    }

    /// A connection is closed: its seat is for another.
    func free(_ connection: SMTPConnection) {
        state.withLockedValue { state in state.idle.removeAll { $0 === connection } }
        freeUnopened()
    }

    /// A seat whose connection did not come about is for another.
    func freeUnopened() {
        let waiter = state.withLockedValue { state in
            guard !state.waiting.isEmpty else {
                state.taken -= 1
                return CheckedContinuation<Result<Seat, SMTPError>, Never>?.none
            }
            return state.waiting.removeFirst().continuation
        }
        waiter?.resume(returning: .success(.empty))
    }

    /// Turns everybody away from now on; returns the connections nobody uses.
    func close() -> [SMTPConnection] {
        let (idle, waiting) = state.withLockedValue { state in
            state.isClosed = true
            defer {
                state.idle = []
                state.waiting = []
            }
            return (state.idle, state.waiting)
        }
        for waiter in waiting { waiter.continuation.resume(returning: .failure(SMTPError(.shutDown, .connect))) }
        return idle
    }
}
