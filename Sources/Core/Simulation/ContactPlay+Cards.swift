import JourneyProgram
import SendGate
import Workspaces

/// Postcards come before the gate as mails do, but for quiet hours: post comes when it comes.
extension ContactPlay {
    func ledger(for mail: PlannedMail) -> ContactLedger {
        guard mail.isPostcard else { return ledger }
        var ledger = ledger(on: .postcard)
        (ledger.sends, ledger.sales) = (sends, sales)
        return ledger
    }

    func policy(for mail: PlannedMail) -> SendPolicy {
        let policy = simulator.workspace.policy
        return mail.isPostcard ? policy.withoutHours(isCapped: true) : policy
    }

    func postalAddress(for mail: PlannedMail) -> MessageAddress {
        let name = String(mail.template.dropFirst(PlannedMail.cardPrefix.count))
        let parts = simulator.workspace.postcards[name]?.address.parts(of: attributes)
        return parts == nil ? .missing : ContactLedger.noMailbox
    }
}

extension PlannedMail {
    static let cardPrefix = "postcard:"

    var isPostcard: Bool { template.hasPrefix(Self.cardPrefix) }

    /// As the story tells it once it is on its way.
    var handedOver: Happening.What {
        isPostcard
            ? .told(step: visit.step, visit: visit.visit, whom: template)
            : .sent(step: visit.step, visit: visit.visit, template: template)
    }
}
