import Logging
import Messaging
import Synchronization
import TestSupport
import Testing

@Suite("Lost connections")
struct LostConnectionTests {
    /// Connections are closed under publishers and consumer again and again; what was confirmed must arrive.
    @Test func nothingConfirmedIsLost() async throws {
        try await TestBroker.with(declared: false) { broker in
            let publisher = try Publisher(BrokerConfiguration(broker), logger: quiet)
            let seen = Mutex(Set<Int>())
            let consumer = try Consumer(
                BrokerConfiguration(broker), queue: .signals, maximumBatch: (bodies: 20, bytes: 1 << 20),
                prefetch: 40, setAside: nothingSetAside, logger: quiet
            ) { batch in
                seen.withLock { $0.formUnion(batch.compactMap { Int($0.text) }) }
                return batch.map { _ in .ack }
            }
            let numbers = Numbers(atLeast: 2_000, losses: 4)
            try await running([publisher, consumer]) {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        while !numbers.isComplete {
                            numbers.lost(try await broker.closeConnections())
                            try await Task.sleep(for: .milliseconds(100))
                        }
                    }
                    for _ in 0..<8 { group.addTask { try await publishAll(numbers, publisher) } }
                    try await group.waitForAll()
                }
                try await eventually("every number has arrived") {
                    seen.withLock { $0.count } == numbers.count
                }
            }
        }
    }

    /// Publishes each number again until it is confirmed.
    private func publishAll(_ numbers: Numbers, _ publisher: Publisher) async throws {
        while let number = numbers.next() {
            while true {
                do throws(MessagingError) {
                    try await publisher.publish(Array(String(number).utf8), to: .signals, lane: .live)
                    break
                } catch {
                    guard error.isTransient else { throw error }
                }
            }
        }
    }

    @Test func anUnreachableBrokerIsAwayAtTheDeadlineAndSaidOnce() async throws {
        let log = LogRecorder(from: .trace)
        let publisher = try Publisher(
            BrokerConfiguration(url: "amqp://guest:guest@127.0.0.1:1/", connectionName: "test"), logger: log.logger,
            timeout: .milliseconds(400))
        let error = await #expect(throws: MessagingError.self) {
            try await publisher.publish([1], to: .events, lane: .live)
        }
        #expect(error?.code == .away)
        try await eventually("it is known to be away") { publisher.isKnownUnusable }
        #expect(publisher.availability == .away)
        #expect(log.messages == ["RabbitMQ is away"])
        await publisher.close()
        let closed = await #expect(throws: MessagingError.self) {
            try await publisher.publish([1], to: .events, lane: .live)
        }
        #expect(closed?.code == .closed)
    }

    /// What a request waits for at most must not depend on how a broker fails.
    @Test(.timeLimit(.minutes(10))) func aBrokerThatNeverAnswersIsAwayAtTheDeadline() async throws {
        let server = try SilentServer()
        let log = LogRecorder(from: .trace)
        let publisher = try Publisher(
            BrokerConfiguration(url: server.url, connectionName: "test"), logger: log.logger,
            timeout: .milliseconds(200))
        let error = await #expect(throws: MessagingError.self) {
            try await publisher.publish([1], to: .events, lane: .live)
        }
        #expect(error?.code == .away)
        #expect(log.messages.isEmpty, "the attempt to connect goes on")
        #expect(!publisher.isKnownUnusable)
        let cancelled = Task { try await publisher.publish([1], to: .events, lane: .live, timeout: .seconds(600)) }
        cancelled.cancel()
        await #expect(throws: MessagingError.self) { try await cancelled.value }
        await publisher.close()
    }

    @Test(.timeLimit(.minutes(10))) func closingTwiceAtOnceEndsBoth() async throws {
        let server = try SilentServer()
        let publisher = try Publisher(
            BrokerConfiguration(url: server.url, connectionName: "test"), logger: quiet, timeout: .milliseconds(500))
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await publisher.publish([1], to: .events, lane: .live) }
            for _ in 0..<3 { group.addTask { await publisher.close() } }
        }
        await publisher.close()
    }

    @Test func aLossIsSaidOnceAndSoIsTheReturn() async throws {
        try await TestBroker.with(declared: false) { broker in
            let log = LogRecorder(from: .trace)
            let publisher = try Publisher(BrokerConfiguration(broker), logger: log.logger)
            try await running([publisher]) {
                try await eventually("connected") { publisher.availability == .connected }
                try await eventually("the broker knows") { try await broker.closeConnections() > 0 }
                try await eventually("said") { log.messages == ["RabbitMQ is away", "RabbitMQ is back"] }
                #expect(publisher.availability == .connected)
                #expect(!publisher.isKnownUnusable)
                try await publisher.publish([1], to: .events, lane: .live)
            }
        }
    }

    @Test func aBodyBeyondTheLimitIsRefused() async throws {
        try await TestBroker.with(declared: false) { broker in
            let publisher = try Publisher(BrokerConfiguration(broker), logger: quiet)
            let error = await #expect(throws: MessagingError.self) {
                try await publisher.publish(
                    [UInt8](repeating: 0, count: Publisher.bodyLimit + 1), to: .events, lane: .live)
            }
            #expect(error?.code == .tooLarge)
            #expect(error?.isTransient == false)
            await publisher.close()
        }
    }

    @Test func consumersMayShareAConnection() async throws {
        try await TestBroker.with(declared: false) { broker in
            let publisher = try Publisher(BrokerConfiguration(broker), logger: quiet)
            let shared = try BrokerConnection(BrokerConfiguration(broker, "shared"), logger: quiet)
            let seen = BatchRecorder()
            let consumers = [QueueName.withdrawals, .messages].map { queue in
                Consumer(
                    on: shared, queue: queue, maximumBatch: (bodies: 10, bytes: 1_000), prefetch: 10,
                    setAside: nothingSetAside, logger: quiet
                ) { batch in
                    seen.record(batch)
                    return batch.map { _ in .ack }
                }
            }
            try await running([publisher] + consumers) {
                try await publisher.publish(["w"], to: .withdrawals)
                try await publisher.publish(["m"], to: .messages, lane: .bulk)
                try await eventually("both arrive") { Set(seen.texts) == ["w", "m"] }
                try await eventually("over one connection") {
                    try await broker.connections().count { $0.userProvidedName == "shared" } == 1
                }
            }
            try await eventually("which is closed in the end") { try await broker.connections().isEmpty }
        }
    }
}

/// The numbers 0, 1, …: as many as asked for, and on until connections have been lost often enough.
private final class Numbers: Sendable {
    private let atLeast: Int
    private let losses: Int
    private let state = Mutex<(next: Int, lost: Int)>((0, 0))

    init(atLeast: Int, losses: Int) {
        self.atLeast = atLeast
        self.losses = losses
    }

    var count: Int { state.withLock { $0.next } }
    var isComplete: Bool { state.withLock { $0.next >= atLeast && $0.lost >= losses } }
    func lost(_ connections: Int) { state.withLock { $0.lost += connections } }

    func next() -> Int? {
        state.withLock { state in
            if state.next >= atLeast, state.lost >= losses { return nil }
            defer { state.next += 1 }
            return state.next
        }
    }
}
