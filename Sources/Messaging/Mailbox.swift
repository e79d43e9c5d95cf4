import AMQP
import Synchronization

/// Where deliveries from the connection's thread meet the loop that handles them.
final class Mailbox: Sendable {
    private struct State {
        var intake: Intake
        var ending: AMQPError?
        var waiter: CheckedContinuation<Void, Never>?
        var hasNews = false
    }

    private let state: Mutex<State>

    init(limits: Intake.Limits, lanes: [Lane]) {
        state = Mutex(State(intake: Intake(limits: limits, lanes: lanes)))
    }

    /// Called on the connection's thread.
    func post(_ event: AMQPConsumerEvent, queue: QueueName, lane: Lane) {
        ring { state in
            switch event {
            case .delivery(let delivery):
                state.intake.receive(
                    Delivery(delivery, queue: queue, lane: lane), tag: delivery.tag, now: .now)
            case .ended(let error):
                // A lane that we cancelled ends alone; anything else ends the session.
                if error == nil, state.intake[lane].flow == .cancelling { return }
                state.ending = error ?? AMQPError(.closed, "the consumer was closed")
            }
        }
    }

    /// Ends the session for a reason that the connection has not told.
    func fail(_ error: AMQPError) {
        ring { $0.ending = $0.ending ?? error }
    }

    /// Ends the loop once it has worked off what is held.
    func stop() {
        ring { $0.intake.stop() }
    }

    /// Works on the intake under the lock.
    func intake<R: Sendable>(_ body: (inout Intake) -> R) -> R {
        state.withLock { body(&$0.intake) }
    }

    /// What ended the session, if it has ended.
    var ending: AMQPError? { state.withLock { $0.ending } }

    private func ring(_ change: (inout State) -> Void) {
        let waiter = state.withLock { state in
            change(&state)
            state.hasNews = true
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    /// Returns when something has arrived since the last call, at the deadline, or when the task is cancelled.
    func wait(until deadline: ContinuousClock.Instant?) async {
        guard let deadline else { return await news() }
        await withTaskGroup { group in
            group.addTask { try? await Task.sleep(until: deadline, clock: .continuous) }
            group.addTask { await self.news() }
            await group.next()
            group.cancelAll()
        }
    }

    private func news() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isNow = state.withLock { state in
                    if !state.hasNews { state.waiter = continuation }
                    return state.hasNews
                }
                if isNow { continuation.resume() }
            }
            state.withLock { $0.hasNews = false }
        } onCancel: {
            ring { _ in }
        }
    }
}
