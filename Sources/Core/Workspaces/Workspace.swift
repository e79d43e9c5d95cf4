public import JourneyProgram
public import Mail
public import Model
public import Pacing
public import SendGate

/// One sender's definitions, read from a folder of files and checked.
///
/// A class, as are the parts of it that are held for each contact: a copy of what it holds would count references by the
/// dozen.
public final class Workspace: Sendable {
    public let name: String
    public let zone: LocalZone
    /// The language that its e-mails are in where they say nothing else.
    public let locale: LanguageTag?
    /// Who mails come from unless an e-mail says otherwise.
    public let sender: Sender
    public let replyTo: String?
    /// The postal address that commercial mail must carry (CAN-SPAM, 16 CFR 316).
    public let postalAddress: String
    /// Of revisions of the definitions the live one's count, whichever a mail is of.
    public let sendingDomains: SendingDomains
    public let topics: [Topic]
    /// Other systems that journeys tell something.
    public let webhooks: [Webhook]
    /// People of the sender's that journeys tell something.
    public let teams: [Team]
    /// Where postcards go; nil: nowhere.
    public let post: Post?
    /// By name.
    public let postcards: [String: PostcardDefinition]
    /// What marketing is held to. Of revisions of the definitions the live one's counts, whichever a message is of.
    public let policy: SendPolicy
    /// What apply makes of what preflight finds.
    public let preflight: PreflightRigour
    /// Whom tests of mails are sent to.
    public let seeds: [String]
    /// How fast mails go. Of revisions of the definitions the live one's counts, whichever a mail is of.
    public let pace: SendPace
    /// In order; a contact's stage is the last that it has reached.
    public let stages: [Stage]
    public let regress: Regress
    public let scores: [ScoreModel]
    /// Each after those that its condition asks for.
    public let segments: [Segment]
    public let personas: Personas
    public let journeys: [JourneyDefinition]
    /// By name.
    public let emails: [String: EmailDefinition]
    /// In order: the first that fits a page counts.
    public let pages: [PageRule]
    /// In order of their names.
    public let streams: [StreamDefinition]
    public let contents: [GatedContent]
    public let forms: [FormDefinition]
    public let ratings: [RatingDefinition]
    /// Over what facts are made by: the files of scores, stages, segments, personas and pages, and the zone. Definitions with
    /// the same make the same of every contact.
    public let audienceDigest: UniqueID
    /// Every event name on which a journey, a stage, a segment or a persona hangs: those that entries, waits, goals, exits,
    /// branches, stages, segments and personas mention, and those that change a consent, attribute or score which a goal,
    /// an exit or a condition that is waited for reads.
    public let interestingEvents: Set<String>
    let scoresByName: [String: ScoreModel]
    /// Places among the journeys.
    private let journeysByName: [String: Int]

    init(
        _ settings: SettingsReader.Settings, stages: StageSet, scores: [ScoreModel], segments: [Segment],
        personas: Personas, journeys: [JourneyDefinition], emails: [String: EmailDefinition],
        postcards: [String: PostcardDefinition], pages: PagesReader.Pages, forms: FormsReader.Forms,
        streams: [StreamDefinition], audienceDigest: UniqueID
    ) {
        name = settings.name
        zone = settings.zone
        locale = settings.locale
        sender = settings.sender
        replyTo = settings.replyTo
        postalAddress = settings.postalAddress
        sendingDomains = settings.sendingDomains
        topics = settings.topics
        webhooks = settings.targets.webhooks
        teams = settings.targets.teams
        post = settings.targets.post
        self.postcards = postcards
        policy = settings.policy
        (preflight, seeds) = (settings.preflight, settings.seeds)
        pace = settings.pace
        self.stages = stages.stages
        regress = stages.regress
        self.scores = scores
        scoresByName = Dictionary(scores.map { ($0.name, $0) }) { first, _ in first }
        self.segments = segments
        self.personas = personas
        self.journeys = journeys
        journeysByName = Dictionary(zip(journeys.map(\.journey.name), journeys.indices)) { first, _ in first }
        self.emails = emails
        self.pages = pages.rules
        self.streams = streams.sorted { $0.stream.name < $1.stream.name }
        contents = pages.contents
        self.forms = forms.forms
        ratings = forms.ratings
        self.audienceDigest = audienceDigest
        interestingEvents =
            Interest(
                stages: stages.stages, scores: scores, segments: segments.map(\.when),
                personas: personas.ordered.map(\.when), journeys: journeys.map(\.journey)
            ).events
    }

    /// The name that consent to opens and clicks goes by, where the workspace asks for it.
    public static let trackingTopic = "tracking"

    public func topic(named name: String) -> Topic? { topics.first { $0.name == name } }
    public func webhook(named name: String) -> Webhook? { webhooks.first { $0.name == name } }
    public func team(named name: String) -> Team? { teams.first { $0.name == name } }
    public func stage(named name: String) -> Stage? { stages.first { $0.name == name } }
    public func segment(named name: String) -> Segment? { segments.first { $0.name == name } }
    public func score(named name: String) -> ScoreModel? { scoresByName[name] }
    public func journey(named name: String) -> JourneyDefinition? { journeysByName[name].map { journeys[$0] } }
}

/// A name and an address that mail comes from.
public struct Sender: Sendable, Hashable {
    public var name: String
    public var address: String

    public init(name: String, address: String) {
        self.name = name
        self.address = address
    }
}

/// One e-mail's definition: what it says, from whom, and on what ground it may be sent.
public struct EmailDefinition: Sendable {
    public var name: String
    /// What it says to everybody; see ``variant(for:in:)``.
    public var wording: EmailWording
    /// What it says to some instead.
    public var wordings: [ContentCell: EmailWording] = [:]
    /// Its places that show the first variant whose condition holds.
    public var blocks: [ContentRules.Block] = []
    /// Its images with links that are chosen when the mail is opened.
    public var live: [LiveBlock] = []
    public var ground: Ground
    /// In place of the workspace's sender.
    public var sender: Sender?
    /// The images of its folder that its HTML shows, in any language.
    public var images: [MailFile] = []
    /// The files of its folder that go with it.
    public var attachments: [MailFile] = []
    /// Whether a server may ask for it, by `POST /v1/messages`.
    public var isOnRequest: Bool
    /// What becomes of it where the gate keeps it back, as far as the step that sends it does not say.
    public var restraint: Restraint
    /// How long after it was planned it is worth sending; nil: as long as the workspace says for its class.
    public var lifetime: Span?
    /// The same for the same files.
    public var digest: UniqueID

    public enum Ground: Sendable, Hashable {
        /// Sent to those who consented to the topic.
        case topic(String)
        /// Sent because the person is owed it: receipts, confirmations.
        case transactional
    }
}

/// One journey with what tells its versions apart.
public struct JourneyDefinition: Sendable {
    public var journey: Journey
    /// The file that it stands in.
    public var file: String
    /// Over all that its runs and mails are made of: the journey's file, the files of the e-mails it sends, and the
    /// workspace's name, zone, sender, reply address and postal address. The same only if none of these has changed.
    public var digest: UniqueID
}
