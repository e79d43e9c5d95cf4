import Contracts
import Logging
import Messaging
import Model
import Store
import Transit

extension ClaimDesk {
    /// The messages that a contact has due.
    func due(of contact: ContactKey) async throws -> [PolledWork.Part] {
        let machineNow = worker.clock.now
        return try await store.transaction { session in
            let now = try DomainClock.read(in: session)
            return try Claims.due(
                kind, of: [contact], epochs: [:], now: now, machineNow: machineNow, in: session
            )
            .map { PolledWork.Part(contact: contact, id: $0.message.id) }
        }
    }

    /// Takes a message out of the flow because mailers died of it: it is refused, its run goes on, and it is set aside.
    /// Replayed, it is planned again.
    func refuse(_ part: PolledWork.Part, _ fault: Deadly) async throws {
        let (worker, contact) = (worker, part.contact)
        let rows = try await store.transaction { session in
            let domain = try DomainClock.reading(in: session)
            let machineNow = worker.clock.now
            let epochs = try SendStates.lock([contact], in: session)
            let messages = try Claims.due(
                kind, of: [contact], epochs: epochs, now: domain.now, machineNow: machineNow, in: session
            ).map(\.message).filter { $0.id == part.id }
            try Trials.forget([kind.work.item(contact, part.id)], in: session)
            guard !messages.isEmpty else { return [Outbox.Row]() }
            try Claims.refuse(messages, because: "\(fault)", now: domain.now, in: session)
            let hints = messages.map { MessageHints.Hint(contact: contact, message: $0.id) }
            let item = SetAside.Item(
                body: MessageHints(hints: hints).encoded, queue: QueueName.messages.rawValue, lane: Lane.live.rawValue,
                reason: "\(fault)", attempts: 1, at: machineNow)
            try SetAside.add([item.tried(by: worker, fault)], in: session)
            let rows = OutcomeEvents.rows(
                messages.compactMap {
                    OutcomeEvents.event($0, .refused, now: domain.now, detail: "set aside: \(fault)")
                })
            try Outbox.add(rows, clock: domain.mode, machineNow: machineNow, in: session)
            return rows
        }
        worker.logger.error("messages were set aside", metadata: ["reason": "\(fault)"])
        await worker.relay.publish(rows)
    }
}
