import Contracts
import Messaging
import Model
import Postgres
import ServiceRuntime
import Store
import Transit

/// Sends what was set aside back into the flow.
struct Replaying: Sendable {
    let store: CommandStore
    let publisher: Publisher
    let mode: DomainClock.Mode

    /// Marks an item and puts its body into the outbox, both or neither, and sends it from there. What stops in between
    /// is sent by the services' sweepers.
    func replay(_ item: SetAside.Item) async throws {
        guard let (queue, lane) = item.home else {
            throw ExitFault(
                code: .failures,
                message: "\(item.shortID) came from \"\(item.queue)\", a queue that this build does not know")
        }
        let row = Outbox.Row(id: .random(), queue: queue.rawValue, lane: lane.rawValue, body: item.body)
        let (mode, now) = (mode, MachineClock.host.now)
        // Marked before it is sent: set aside again by a fast worker, the mark would come last and hide it.
        try await store.transaction { session in
            try SetAside.markReplayed(item.id, at: now, in: session)
            if queue == .messages, let hints = try? MessageHints(decoding: item.body).hints {
                try Messages.takeUp(hints.map { ($0.contact, $0.message) }, machineNow: now, in: session)
            }
            if mode == .stepped, let flight = item.flight {
                try Flights.depart([flight], queue: queue.rawValue, machineNow: now, in: session)
            }
            // What departs is the body, by the id within it, and not the row.
            try Outbox.add([row], clock: .real, machineNow: now, in: session)
        }
        let relay = OutboxRelay(pool: store.pool, publisher: publisher, logger: Settings.logger)
        guard await relay.publish([row]).contains(row.id) else {
            throw ExitFault(
                code: .dependencyAway,
                message: """
                    RabbitMQ did not take \(item.shortID). It is marked as replayed and stands in the outbox, from where a \
                    running service sends it; what else was to be replayed stays set aside.
                    """)
        }
    }
}

extension SetAside.Item {
    /// As much of the id as people need.
    var shortID: String { String(id.description.prefix(8)) }

    /// The queue and lane to go back to.
    fileprivate var home: (QueueName, Lane)? {
        for queue in QueueName.all where queue != .dead {
            for lane in queue.lanes where self.queue == queue.name(in: lane) { return (queue, lane) }
            if self.queue == queue.rawValue { return (queue, Lane(rawValue: lane) ?? .live) }
        }
        return nil
    }

    /// What a stepped clock knows the body as.
    fileprivate var flight: UniqueID? {
        (try? EventBatch(decoding: body).id) ?? (try? SignalBatch(decoding: body).id)
    }

    /// What the body says, a line each, as far as this build can read it.
    var content: [String] {
        if let batch = try? EventBatch(decoding: body) {
            return batch.events.map { event in
                let properties = String(decoding: event.properties, as: UTF8.self)
                return "\(event.at)  \(event.name)  \(event.subjectText)  \(event.eventID)  \(properties)"
            }
        }
        if let batch = try? SignalBatch(decoding: body) {
            return batch.signals.map { "\($0.at)  \($0.name)  contact \($0.contact.contact)  \($0.eventID)" }
        }
        if let hints = try? MessageHints(decoding: body) {
            return hints.hints.map { "message \($0.message) to contact \($0.contact.contact)" }
        }
        if let withdrawal = try? RecordedWithdrawal(decoding: body) {
            return ["withdrawal of \(withdrawal.topic) by contact \(withdrawal.contact.contact) (\(withdrawal.means))"]
        }
        return [
            "not readable by this build: "
                + body.prefix(64).map { byte in
                    let digits = String(byte, radix: 16)
                    return digits.count == 1 ? "0" + digits : digits
                }.joined(separator: " ")
        ]
    }

    func json(withBody: Bool) -> JSON {
        var members: [String: JSON] = [
            "id": .string(id.description), "queue": .string(queue), "lane": .string(lane), "reason": .string(reason),
            "attempts": .int(Int64(attempts)), "bytes": .int(Int64(body.count)),
            "set_aside_at": .string(setAsideAt.description),
            "replayed_at": replayedAt.map { .string($0.description) } ?? .null,
        ]
        members["history"] = .array(
            history.map {
                .object([
                    "at": .string($0.at.description), "worker": .string($0.worker), "what": .string($0.what),
                ])
            })
        if withBody { members["content"] = .array(content.map { .string($0) }) }
        return .object(members)
    }
}

extension AcceptedEvent {
    fileprivate var subjectText: String {
        switch subject {
        case .identity(let identity): "\(identity.kind.rawValue) \(identity.value)"
        case .id(let id): "contact \(id)"
        }
    }
}
