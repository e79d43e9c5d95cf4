import Contracts
import Model
import Postgres
import Store
import Workspaces

/// Who may be tracked: opens and clicks of others are counted, and tied to nobody.
///
/// Links are made only for those who consent; this is for those who withdrew since.
struct TrackingConsent {
    private var refusing: Set<ContactKey> = []
    private let survivors: [ContactKey: ContactKey]

    /// Looks at the contacts of opens and clicks, whose locks are held.
    init(
        _ events: ArraySlice<AcceptedEvent>, _ survivors: [ContactKey: ContactKey], in session: PostgresSession
    ) throws {
        self.survivors = survivors
        let contacts = Set(events.filter(\.isTracking).compactMap { survivors[$0.subjectKey] })
        guard !contacts.isEmpty else { return }
        let states = try Contacts.states(of: contacts, in: session)
        let consents = try Consents.current(of: contacts, in: session)
        refusing = contacts.filter { contact in
            let topics = (consents[contact] ?? []).topics(givenAt: states[contact]?.address)
            return !topics.contains(Workspace.trackingTopic)
        }
    }

    func filter(_ events: ArraySlice<AcceptedEvent>) -> [AcceptedEvent] {
        guard !refusing.isEmpty else { return Array(events) }
        return events.filter { !$0.isTracking || !refusing.contains(survivors[$0.subjectKey] ?? $0.subjectKey) }
    }
}

extension AcceptedEvent {
    fileprivate var isTracking: Bool { trust == .system && EventNames.tracked.contains(name) }
}
