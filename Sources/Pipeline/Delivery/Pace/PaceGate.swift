import Mail
import Model
import Pacing
import Postgres
import SendGate
import Store
import Workspaces

/// Which mails that the gate lets through wait in line all the same, since a limit holds for them.
struct PaceGate: Sendable {
    /// What a claim knows of the pace of mails beside the definitions.
    struct Terms: Sendable {
        /// Whether limits of mail servers hold for all mails.
        var isRelayed = false
        /// `workspace site`: those that this mailer can send nothing to at the moment.
        var stalled: Set<String> = []
        /// What has been let go already.
        var errand: LineDesk.Errand?
    }

    private let terms: Terms
    private let slowed: Set<SendQuotas.Key>

    init(_ terms: Terms, for due: [Claims.Claimed], now: Timestamp, in session: PostgresSession) throws {
        self.terms = terms
        slowed = try SendQuotas.slowed(Set(due.map(\.message.contact.workspace)), at: now, in: session)
    }

    /// The line of a mail: whose it is, and where it goes; nil for what goes by no mail.
    ///
    /// - Parameter live: the workspace's definitions as they are now.
    static func line(of message: Message, to address: String, _ workspace: Workspace, _ live: Workspace) -> MailLine? {
        guard let sender = SenderPauses.Sender(of: message, in: workspace),
            let domain = (try? MailAddress(address))?.domain.name
        else { return nil }
        return MailLine(sender.class, from: sender.domain, to: live.pace.site(of: domain))
    }

    /// Whether a mail waits for its turn.
    func keepsBack(_ message: Message, in line: MailLine, _ live: Workspace) -> Bool {
        if let grant = terms.errand?.grants[message.id] { return grant.line.line != line }
        let workspace = message.contact.workspace
        return terms.isRelayed || !live.pace.buckets(of: line).isEmpty
            || slowed.contains(SendQuotas.Key(workspace: workspace, bucket: PaceBucket.backOff(of: line.site)))
            || terms.stalled.contains("\(workspace.rawValue) \(line.site)")
    }

    /// What has let a mail go.
    func grant(for message: Message) -> Allotment.Grant? { terms.errand?.grants[message.id] }
}
