import Store
import Workspaces

/// A site message that is ready to be laid out: it is handed over to nobody, since its reader comes for it.
struct SiteHandover: Handover {
    let claimed: Claims.Claimed

    func abandon() async {}

    func commit(before end: ContinuousClock.Instant) async -> Report {
        Report(claimed: claimed, outcome: .accepted, reply: nil)
    }

    /// Whether the definitions still say what the message is to show.
    static func prepare(_ cleared: ClaimDesk.Cleared) -> Preparation {
        let message = cleared.claimed.message
        guard cleared.workspace.siteMessage(atStep: message.step, ofJourney: message.journey) != nil else {
            let reason = "not composed: \(MissingTemplate(name: message.template))"
            return .settled(Report(claimed: cleared.claimed, outcome: .refused, reply: reason))
        }
        return .ready(SiteHandover(claimed: cleared.claimed))
    }
}
