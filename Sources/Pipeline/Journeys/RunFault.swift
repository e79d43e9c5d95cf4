import Contracts
import JourneyProgram
import Messaging
import Model
import Postgres
import Store
import Transit

/// A run that cannot be stepped, or an entry that cannot be taken: it is set aside by itself and stays as it is, while
/// all else goes on.
struct RunFault: Error, Sendable {
    let journey: String
    /// Nil for an entry.
    let run: UniqueID?
    let reason: String
    /// Replayed, it has the contact's runs looked at again, or asks for the entry again.
    private let signal: Signal
    private let name: UniqueID

    init(_ run: Run, _ error: any Error) {
        journey = run.journey
        self.run = run.id
        reason = "run \(run.id) of \(run.journey): \(error)"
        // Of the same bytes however often it fails, so that it is kept once.
        signal = .timerDue(run.contact, at: run.enteredAt)
        name = .derived("loods.run-fault", run.id.description)
    }

    init(_ opening: Opening, _ error: any Error) {
        journey = opening.program.journey.name
        run = nil
        reason = "an entry into \(journey): \(error)"
        signal = opening.signal
        name = opening.signal.idAlone
    }

    /// Whether an error is the fault of one run, and not of the store under all of them. Definitions that cannot be read are
    /// the fault of the runs that are on them.
    static func explains(_ error: any Error) -> Bool {
        error is DefinitionsError || !(error is PostgresError) && !isTransient(error)
    }

    func item(lane: Lane, at machineNow: Timestamp) -> SetAside.Item {
        SetAside.Item(
            body: SignalBatch(id: name, signals: [signal]).encoded, queue: QueueName.signals.rawValue,
            lane: lane.rawValue, reason: reason, attempts: 1, at: machineNow)
    }
}

extension Signal {
    /// Says nothing new: it has the contact's runs looked at.
    static func timerDue(_ contact: ContactKey, at time: Timestamp) -> Signal {
        Signal(contact: contact, cause: .event, at: time, eventID: "", subject: contact.contact, name: "Timer Due")
    }

    /// Names the body that holds this signal alone.
    var idAlone: UniqueID { .derived("loods.alone", "\(contact.contact)", eventID, "\(cause)") }
}
