import CShims
import Glibc

/// An HTTP client on one thread: each connection sends its next request once the last was answered 200.
struct HTTPLoad: Sendable {
    let address: Address
    let connections: Int
    /// How long an answer may take.
    var patience = Duration.seconds(60)

    /// What is to be sent, whole as it goes over the wire.
    struct Script: Sendable {
        var count: Int
        /// How long the next request waits at least after the one before; nil: only for a connection.
        var pace: Duration?
        var request: @Sendable (Int) -> [UInt8]
        /// Whether nothing more is to be sent.
        var isOver: @Sendable () -> Bool = { false }
    }

    /// Sends all requests; throws at the first that is not answered as it should.
    func send(_ requests: [[UInt8]]) async throws {
        try await send(Script(count: requests.count) { requests[$0] })
    }

    /// Sends what a script says.
    ///
    /// - Returns: how many requests were answered.
    @discardableResult
    func send(_ script: Script) async throws -> Int { try await delays(of: script).count }

    /// Sends what a script says.
    ///
    /// - Returns: how long each answer took, in the order of the answers; with a pace from the instant at which the
    ///   request was due, so that one that waits for a connection counts as slow.
    func delays(of script: Script) async throws -> [Duration] {
        try await onThread {
            var loop = try LoadLoop(self, script)
            defer { loop.close() }
            return try loop.run()
        }
    }
}

private struct LoadLoop {
    private struct Lane {
        let socket: Socket
        /// Empty where the connection waits for one.
        var request: [UInt8] = []
        var sent = 0
        var answer: [UInt8] = []
        /// When the request was to be sent.
        var due = ContinuousClock.now
    }

    private let script: HTTPLoad.Script
    private let patience: Duration
    private let start = ContinuousClock.now
    private var lanes: [Lane] = []
    private var next = 0
    private var delays: [Duration] = []
    /// Whose turn it is: a connection that is never used is closed by the server.
    private var turn = 0

    init(_ load: HTTPLoad, _ script: HTTPLoad.Script) throws {
        self.script = script
        patience = load.patience
        delays.reserveCapacity(script.count < 10_000_000 ? script.count : 0)
        for _ in 0..<min(load.connections, script.count) {
            let socket = try Socket.connect(load.address)
            socket.makeNonblocking()
            lanes.append(Lane(socket: socket))
        }
    }

    func close() {
        for lane in lanes { lane.socket.close() }
    }

    mutating func run() throws -> [Duration] {
        while true {
            try begin()
            guard delays.count < next || !isDone else { return delays }
            var waits = lanes.map { lane in
                let wants = lane.sent < lane.request.count ? POLLIN | POLLOUT : POLLIN
                return pollfd(
                    fd: lane.request.isEmpty ? -1 : lane.socket.descriptor, events: Int16(wants), revents: 0)
            }
            let due = nextIsDue
            let count = loods_poll(&waits, UInt64(waits.count), (due ?? patience).nanoseconds)
            guard count != 0 || due != nil else {
                throw MeasurementFault("a request was not answered within \(patience)")
            }
            for (lane, wait) in waits.enumerated() where wait.revents != 0 { try serve(lane) }
        }
    }

    /// In what time the next request is due, where it is for that alone that it is not sent yet.
    private var nextIsDue: Duration? {
        guard let pace = script.pace, !isDone, delays.count + lanes.count > next else { return nil }
        return max(.zero, pace * next - (ContinuousClock.now - start))
    }

    private var isDone: Bool { next >= script.count || script.isOver() }

    /// Gives each connection that has none its next request, as far as it is time for one.
    private mutating func begin() throws {
        for _ in lanes.indices {
            let lane = turn
            turn = (turn + 1) % lanes.count
            guard lanes[lane].request.isEmpty else { continue }
            guard !isDone else { return }
            let now = ContinuousClock.now
            if let pace = script.pace, now - start < pace * next { return }
            lanes[lane].due = script.pace.map { start + $0 * next } ?? now
            lanes[lane].request = script.request(next)
            lanes[lane].sent = 0
            lanes[lane].answer.removeAll(keepingCapacity: true)
            next += 1
            try push(lane)
        }
    }

    private mutating func push(_ lane: Int) throws {
        while lanes[lane].sent < lanes[lane].request.count {
            guard let count = try lanes[lane].socket.send(lanes[lane].request[lanes[lane].sent...]) else { return }
            lanes[lane].sent += count
        }
    }

    private mutating func serve(_ lane: Int) throws {
        try push(lane)
        guard let count = try lanes[lane].socket.receive(into: &lanes[lane].answer) else { return }
        guard count > 0 else { throw MeasurementFault("the server closed a connection instead of answering") }
        guard let answer = HTTPAnswer(lanes[lane].answer) else { return }
        guard answer.isSuccess else { throw MeasurementFault("a request was answered \(answer.text)") }
        delays.append(ContinuousClock.now - lanes[lane].due)
        lanes[lane].request = []
    }
}

extension Duration {
    var nanoseconds: Int64 { components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000 }
}
