import Contracts
import Messaging
import Model
import Postgres
import ServiceRuntime
import Store
import Transit

/// Sends what was set aside back into the flow.
struct Replaying: Sendable {
    let pool: PostgresPool
    let publisher: Publisher
    let mode: DomainClock.Mode

    func replay(_ item: SetAside.Item) async throws {
        guard let (queue, lane) = item.home else {
            throw ExitFault(
                code: .failures,
                message: "\(item.shortID) came from \"\(item.queue)\", a queue that this build does not know")
        }
        if mode == .stepped, let flight = item.flight {
            let now = MachineClock.host.now
            try await pool.withTransaction {
                try Flights.depart([flight], queue: queue.rawValue, machineNow: now, in: $0)
            }
        }
        // Marked first: set aside again by a fast worker, the mark would come last and hide it.
        let now = MachineClock.host.now
        try await pool.withConnection { try SetAside.markReplayed(item.id, at: now, in: $0) }
        do {
            try await publisher.publish(item.body, to: queue, lane: lane, messageID: item.id.description)
        } catch {
            try await pool.withConnection { session in
                try SetAside.add([item.asItStands], in: session)
                if let flight = item.flight { try Flights.arrive([flight], in: session) }
            }
            throw error
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

    /// The same item for `SetAside.add`, which counts attempts up by those of what it is given.
    fileprivate var asItStands: SetAside.Item {
        var copy = self
        copy.attempts = 0
        return copy
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
