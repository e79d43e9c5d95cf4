import Logging
import Messaging
import ServiceLifecycle
import TestSupport
import Testing

extension BrokerConfiguration {
    init(_ broker: TestBroker, _ name: String = "test") throws {
        try self.init(url: broker.url, connectionName: name)
    }
}

/// Runs services, then the body, then a graceful shutdown that must end by itself.
func running(_ services: [any Service], _ body: () async throws -> Void) async throws {
    let group = ServiceGroup(
        configuration: .init(services: services.map { .init(service: $0) }, logger: quiet))
    try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask { try await group.run() }
        do {
            try await body()
        } catch {
            await group.triggerGracefulShutdown()
            throw error
        }
        await group.triggerGracefulShutdown()
        try await tasks.waitForAll()
    }
}

extension Publisher {
    /// Publishes each text until it is confirmed; a queue that was declared just now may refuse the first ones.
    func publish(_ texts: [String], to queue: QueueName = .events, lane: Lane = .live) async throws {
        for text in texts {
            try await eventually("\(text) is confirmed") {
                do throws(MessagingError) {
                    try await publish(Array(text.utf8), to: queue, lane: lane)
                    return true
                } catch {
                    guard error.isTransient else { throw error }
                    return false
                }
            }
        }
    }
}
