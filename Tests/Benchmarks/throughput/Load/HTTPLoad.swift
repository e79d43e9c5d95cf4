import Glibc

/// A closed-loop HTTP client on one thread: each connection sends its next request once the last was answered 200.
struct HTTPLoad: Sendable {
    let address: Address
    let connections: Int
    /// How long an answer may take.
    var patience = Duration.seconds(60)

    /// Sends all requests, whole as they go over the wire; throws at the first that is not answered as it should.
    func send(_ requests: [[UInt8]]) async throws {
        try await onThread {
            var loop = try LoadLoop(self, requests)
            defer { loop.close() }
            try loop.run()
        }
    }
}

private struct LoadLoop {
    private struct Lane {
        let socket: Socket
        var request: Int
        var sent = 0
        var answer: [UInt8] = []
    }

    private let requests: [[UInt8]]
    private let patience: Int32
    private var lanes: [Lane] = []
    private var next = 0
    private var answered = 0

    init(_ load: HTTPLoad, _ requests: [[UInt8]]) throws {
        self.requests = requests
        patience = Int32(load.patience / .milliseconds(1))
        for _ in 0..<min(load.connections, requests.count) {
            let socket = try Socket.connect(load.address)
            socket.makeNonblocking()
            lanes.append(Lane(socket: socket, request: -1))
        }
    }

    func close() {
        for lane in lanes { lane.socket.close() }
    }

    mutating func run() throws {
        for lane in lanes.indices { try begin(lane) }
        while answered < requests.count {
            var waits = lanes.map { lane in
                let isBusy = lane.request >= 0
                let wants = isBusy && lane.sent < requests[lane.request].count ? POLLIN | POLLOUT : POLLIN
                return pollfd(fd: isBusy ? lane.socket.descriptor : -1, events: Int16(wants), revents: 0)
            }
            let count = poll(&waits, nfds_t(waits.count), patience)
            guard count != 0 else { throw MeasurementFault("a request was not answered within \(patience / 1000) s") }
            for (lane, wait) in waits.enumerated() where wait.revents != 0 { try serve(lane) }
        }
    }

    /// Gives a connection its next request, if there is one.
    private mutating func begin(_ lane: Int) throws {
        lanes[lane].request = next < requests.count ? next : -1
        lanes[lane].sent = 0
        lanes[lane].answer.removeAll(keepingCapacity: true)
        guard next < requests.count else { return }
        next += 1
        try push(lane)
    }

    private mutating func push(_ lane: Int) throws {
        let request = requests[lanes[lane].request]
        while lanes[lane].sent < request.count {
            guard let count = try lanes[lane].socket.send(request[lanes[lane].sent...]) else { return }
            lanes[lane].sent += count
        }
    }

    private mutating func serve(_ lane: Int) throws {
        try push(lane)
        guard let count = try lanes[lane].socket.receive(into: &lanes[lane].answer) else { return }
        guard count > 0 else { throw MeasurementFault("the server closed a connection instead of answering") }
        guard let answer = HTTPAnswer(lanes[lane].answer) else { return }
        guard answer.isSuccess else { throw MeasurementFault("a request was answered \(answer.text)") }
        answered += 1
        try begin(lane)
    }
}
