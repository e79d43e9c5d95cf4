import Logging
import Metrics
public import ServiceLifecycle
import Store
import Synchronization
public import Transit

/// Looks for due timers, and wakes their runs: punctual ones first, and late ones at the rate at which schedulers catch up.
public struct TimerLoop: Service {
    private let worker: Worker
    private let journeys: JourneyWriter
    private let catchUpRate: Int
    /// Late ones at once, before punctual ones are looked for again.
    private static let late = 2 * JourneyWriter.page

    /// - Parameters:
    ///   - catchUpRate: contacts a second whose timers are late.
    ///   - desk: what the loops of a process share; nil: each decides what it meets.
    public init(worker: Worker, catchUpRate: Int, desk: TestDesk? = nil) {
        self.worker = worker
        self.catchUpRate = catchUpRate
        journeys = JourneyWriter(worker: worker, desk: desk)
    }

    public func run() async throws {
        await worker.untilStoreFits()
        let catchUp = Mutex(CatchUp(rate: catchUpRate, at: .now))
        await worker.everyDue(.milliseconds(100)) {
            do {
                guard worker.clockMode == .real else {
                    // It stands still meanwhile, so that nothing is late.
                    while try await journeys.fireTimers() > 0, !Task.isShuttingDownGracefully {}
                    return
                }
                while !Task.isShuttingDownGracefully {
                    let allowance = catchUp.withLock { $0.allowance(at: .now) }
                    let fired = try await journeys.fireTimers(late: min(Self.late, allowance))
                    catchUp.withLock { $0.take(fired.late) }
                    guard fired.punctual + fired.late > 0 else { return }
                }
            } catch {
                worker.note(error, "timers wait for the store")
            }
        }
    }
}
