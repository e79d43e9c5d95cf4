import Contracts
import JourneyProgram
import Messaging
import Model
import Store
import Transit

/// What a step changes besides its run, on its way: attributes, stages and points as events, so that they are facts
/// like all others, and starts as signals. Their ids are derived from the visit of the step, so that each happens once.
struct Change {
    let run: Run
    let visit: StepVisit
    let change: Step.Change

    /// Nil where it is no event.
    private func event(at now: Timestamp) -> AcceptedEvent? {
        let (call, name, properties): (AcceptedEvent.Call, String, JSON)
        switch change {
        case .attributes(let values): (call, name, properties) = (.identify, EventNames.identified, .object(values))
        case .stage(let stage):
            let said: [String: JSON] = [
                "stage": .string(stage), "journey": .string(run.journey), "step": .string(visit.step),
            ]
            (call, name, properties) = (.track, EventNames.stageGiven, .object(said))
        case .points(let given):
            let giver: [String: JSON] = ["journey": .string(run.journey), "step": .string(visit.step)]
            let said = JSON.object(given.properties.merging(giver) { $1 })
            (call, name, properties) = (.track, EventNames.pointsGiven, said)
        case .start: return nil
        }
        return AcceptedEvent(
            workspace: run.contact.workspace,
            eventID: Journey.changeID(run: run.id, step: visit.step, visit: visit.visit).description, call: call,
            subject: .id(run.contact.contact), name: name, sentTime: now, at: now, receivedAt: now, trust: .system,
            properties: properties.serialized)
    }

    private func signal(at now: Timestamp) -> Signal? {
        guard case .start(let journey) = change else { return nil }
        let key = Journey.callKey(run: run.id, step: visit.step, visit: visit.visit)
        return Signal(
            contact: run.contact, cause: .call(journey: journey, key: key), at: now, eventID: "",
            subject: run.contact.contact, name: "Journey Called")
    }

    /// What carries changes to scoring and to the schedulers.
    static func rows(_ changes: [Change], at now: Timestamp, _ lane: Lane) -> [Outbox.Row] {
        guard !changes.isEmpty else { return [] }
        let signals = changes.compactMap { $0.signal(at: now) }
        let calls = stride(from: 0, to: signals.count, by: 500).map { start in
            let batch = SignalBatch(id: .random(), signals: Array(signals[start..<min(start + 500, signals.count)]))
            return Outbox.Row(
                id: batch.id, queue: QueueName.signals.rawValue, lane: lane.rawValue, body: batch.encoded)
        }
        return OutcomeEvents.rows(changes.compactMap { $0.event(at: now) }) + calls
    }
}
