import Logging
import Metrics
public import ServiceLifecycle
import Store
public import Transit

/// Looks for contacts whose wakes are due, and carries new definitions through the audience when live work leaves room.
///
/// A service of scoring; any number of processes may run it side by side. One transaction at a time, so that of a worker's
/// connections all but one are always the events'.
public struct ReviewLoop: Service {
    private let worker: Worker
    private let reviewer: AudienceReviewer
    private let liveWork: LiveWork
    private let pace = Pace()

    private static let wakes: Int32 = 1000
    /// Short, so that whoever waits for a contact's lock waits for less than a tenth of a second.
    private static let slice: Int32 = 200

    public init(worker: Worker, liveWork: LiveWork) {
        self.worker = worker
        self.liveWork = liveWork
        reviewer = AudienceReviewer(worker: worker)
    }

    public func run() async throws {
        await worker.untilStoreFits()
        await worker.everyDue(.milliseconds(50)) {
            do {
                repeat {
                    while try await reviewer.fireWakes(limit: Self.wakes) > 0 {
                        if Task.isShuttingDownGracefully { return }
                    }
                } while try await backfill() && !Task.isShuttingDownGracefully
            } catch {
                worker.note(error, "wakes wait for the store")
            }
        }
    }

    /// - Returns: whether there may be more to do at once.
    private func backfill() async throws -> Bool {
        if await pace.isTimeToLook { try await reviewer.takeUpDefinitions() }
        // Live work goes first: beside it there is a slice between two looks at the wakes, and where it piles up, a slice a
        // second, so that bulk gets its turn all the same.
        let (isBusy, isPressed) = await (liveWork.isUnderWay, liveWork.isPressed)
        guard await pace.maySlice(whilePressed: isPressed) else { return false }
        let isDone = try await !reviewer.backfill(size: Self.slice)
        await pace.sliced(isDone: isDone)
        return !isDone && !isBusy
    }
}

/// When what is not pressing is due.
private actor Pace {
    private var lastLook: ContinuousClock.Instant?
    private var lastSlice: ContinuousClock.Instant?
    private var isIdle = false

    private static let look = Duration.milliseconds(500)
    private static let turn = Duration.seconds(1)

    /// Whether to look for new definitions, and for slices that others have left.
    var isTimeToLook: Bool {
        guard lastLook.map({ .now - $0 > Self.look }) ?? true else { return false }
        lastLook = .now
        isIdle = false
        return true
    }

    func maySlice(whilePressed isPressed: Bool) -> Bool {
        guard !isIdle else { return false }
        return !isPressed || (lastSlice.map { .now - $0 > Self.turn } ?? true)
    }

    func sliced(isDone: Bool) {
        lastSlice = .now
        isIdle = isDone
    }
}

/// Whether a process has live work in hand, or had a moment ago, and whether it piles up.
public actor LiveWork {
    private var underWay = 0
    private var lastBegin: ContinuousClock.Instant?
    private var lastEnd: ContinuousClock.Instant?
    private var lastPressure: ContinuousClock.Instant?

    private static let afterglow = Duration.milliseconds(100)
    /// Who comes now waits for the batch at hand: longer than this, and bulk work must give way.
    private static let patience = Duration.milliseconds(100)
    private static let relief = Duration.milliseconds(500)

    public init() {}

    /// - Parameter isPiledUp: whether so much is in hand that it must have waited for the work before.
    func begin(isPiledUp: Bool) {
        underWay += 1
        lastBegin = .now
        if isPiledUp { lastPressure = .now }
    }

    func end() {
        underWay -= 1
        lastEnd = .now
        if isLong { lastPressure = .now }
    }

    var isUnderWay: Bool { underWay > 0 || lastEnd.map { .now - $0 < Self.afterglow } ?? false }

    /// Whether live work takes too long for those who wait, or did a moment ago.
    var isPressed: Bool { underWay > 0 && isLong || lastPressure.map { .now - $0 < Self.relief } ?? false }

    private var isLong: Bool { lastBegin.map { .now - $0 > Self.patience } ?? false }
}
