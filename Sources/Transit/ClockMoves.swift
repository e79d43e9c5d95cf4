import Model
import Postgres
import Store
import Synchronization

/// When a stepped clock was last seen to have moved: one look at it for all loops of a process.
actor ClockMoves {
    /// How long there may be more to do at the instant that the clock has come to.
    static let echo = Duration.milliseconds(300)

    private let pool: PostgresPool
    private var position: Timestamp?
    private var movedAt = ContinuousClock.now
    private var readAt: ContinuousClock.Instant?
    private var reading: Task<Void, Never>?

    init(pool: PostgresPool) { self.pool = pool }

    /// The instant of the machine's clock. Looks anew where the last look is long ago; while the store is away nothing moves.
    func last() async -> ContinuousClock.Instant {
        if let reading {
            await reading.value
        } else if readAt.map({ $0.duration(to: .now) >= pause }) ?? true {
            let look = Task { await read() }
            reading = look
            await look.value
            reading = nil
        }
        return movedAt
    }

    /// Between two looks: what stands still is seldom looked at.
    private var pause: Duration { movedAt.duration(to: .now) < Self.echo ? .milliseconds(10) : .milliseconds(25) }

    private func read() async {
        let position = try? await pool.withConnection { try DomainClock.read(in: $0) }
        readAt = .now
        guard let position, position != self.position else { return }
        self.position = position
        movedAt = .now
    }
}

extension Worker {
    /// Calls `body` about every `interval` until graceful shutdown begins, as ``every(_:_:)``: whoever does what is due.
    ///
    /// A stepped clock waits for what is due at each instant, so there `body` is also called as soon as the clock has moved,
    /// and often for a while after that.
    public func everyDue(_ interval: Duration, _ body: @Sendable () async -> Void) async {
        guard clockMode == .stepped else { return await every(interval, body) }
        let done = Mutex<(move: ContinuousClock.Instant?, next: ContinuousClock.Instant)>((nil, .now))
        await every(.milliseconds(10)) {
            let (move, now) = (await moves.last(), ContinuousClock.now)
            let isTime = done.withLock { done in
                guard move != done.move || move + ClockMoves.echo > now || done.next <= now else { return false }
                done = (move, now + min(interval, .milliseconds(100)))
                return true
            }
            if isTime { await body() }
        }
    }
}
