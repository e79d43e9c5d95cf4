import Logging
import Metrics
public import ServiceLifecycle
import Store
public import Transit

/// Looks for due timers, and wakes their runs.
public struct TimerLoop: Service {
    private let worker: Worker
    private let journeys: JourneyWriter
    private static let batch: Int32 = 500

    /// - Parameter desk: what the loops of a process share; nil: each decides what it meets.
    public init(worker: Worker, desk: TestDesk? = nil) {
        self.worker = worker
        journeys = JourneyWriter(worker: worker, desk: desk)
    }

    public func run() async throws {
        await worker.untilStoreFits()
        // A stepped clock waits for the timers of each instant, so they are looked for more often.
        await every(worker.clockMode == .stepped ? .milliseconds(10) : .milliseconds(100)) {
            do {
                while try await journeys.fireTimers(limit: Self.batch) > 0, !Task.isShuttingDownGracefully {}
            } catch {
                worker.note(error, "timers wait for the store")
            }
        }
    }
}
