public import JourneyProgram
public import Model
import SendGate

/// A test of journeys: what is known of contacts and what happens to them, and what must and must not come of it.
public struct JourneyTest: Sendable {
    public let name: String
    public let file: String
    /// Where it begins in the file.
    public let line: Int
    public let start: Timestamp
    public let zone: LocalZone
    /// The only journey that takes entries; nil: all do.
    public let journey: String?
    public let contacts: [TestedContact]
    /// The last instant that is played; nil: for as long as something is planned.
    public let until: Timestamp?
    /// What must happen. Mails are listed whole: one that is not listed must not be sent. Nil: nothing is asked for.
    public let expected: [Expectation]?
    /// What must not happen.
    public let never: [Expectation]
}

/// Somebody whom a test plays, with what happens to them in order.
public struct TestedContact: Sendable {
    public var contact: PlayedContact
    public var events: [PlayedEvent]

    public init(contact: PlayedContact, events: [PlayedEvent]) {
        self.contact = contact
        self.events = events
    }
}

/// Something that a test asks for, or forbids.
public struct Expectation: Sendable {
    public enum Subject: Sendable, Hashable {
        /// A mail that is sent, by its step or its template.
        case sent(String)
        /// A mail that the gate does not let through.
        case skipped(String)
        /// What others than the contact are told: `webhook:crm` or `notify:sales`, or with the step in place of the name.
        case told(String)
        /// A mail that the gate holds for a while.
        case held(String)
        /// A run of this journey begins.
        case enters(String)
        /// A cap of this journey lets the contact not in.
        case turnedAway(String)
        /// A run ends: by its goal, its exit, or as completed.
        case ends(String)
        case stage(String)
        /// A step gives points to a score: so many thousandths, or however many.
        case gives(model: String, points: Int64?)
        case segment(String)
        case left(String)
        case persona(String)
        /// A run comes to a wait that ends then.
        case waitsUntil(Timestamp)
        /// A run comes to a wait for an event or a condition.
        case waitsFor(String)
        /// A run takes this branch: `then`, `else`, `case pro`, a share's name.
        case takes(String)
    }

    public var subject: Subject
    /// Nil: at any time.
    public var at: Timestamp?
    /// Of what must not happen: only from then on, only up to then.
    public var after: Timestamp?
    public var before: Timestamp?
    /// Whose; nil where there is but one.
    public var contact: String?
    /// In which journey; nil: in any.
    public var journey: String?
    /// Of a mail: in which language; nil: in any.
    public var language: LanguageTag?
    /// Of a mail: in whose wording; nil: in any.
    public var cell: ContentCell?
    /// Of a mail: the variants that some of its blocks show.
    public var blocks: [String: String] = [:]
    public var line: Int
}

extension Workspace {
    /// The name of an event that something mentions, where a name that nothing mentions is almost the same.
    public func nearMiss(ofEvent name: String) -> String? {
        let known = interestingEvents.union(scores.flatMap(\.mentionedEvents)).union(policy.saleEvents)
        return known.contains(name) ? nil : NearMiss.nearest(to: name, among: known.sorted())
    }

    /// Reads whom to play and what happens to them: a file like a test's, without a name and without expectations.
    public func play(named name: String, text: String) -> (play: JourneyTest?, findings: [Finding]) {
        do {
            let inspection = Inspection(try YAMLFile(name: name, text: text))
            let play = TestsReader(inspection, self, isPlay: true).read().first
            return (play, inspection.findings.sorted())
        } catch {
            return (nil, [error])
        }
    }

    /// Reads the tests among a workspace's files: `tests/*.yaml`, each a test or a list of them.
    ///
    /// - Returns: those without a fault, by file and place, and the faults of all others.
    public func tests(in files: [String: String]) -> (tests: [JourneyTest], findings: [Finding]) {
        var tests: [JourneyTest] = []
        var findings: [Finding] = []
        for path in files.keys.sorted() where path.hasPrefix("tests/") && path.hasSuffix(".yaml") {
            do {
                let inspection = Inspection(try YAMLFile(name: path, text: files[path] ?? ""))
                tests += TestsReader(inspection, self).read()
                findings += inspection.findings
            } catch {
                findings.append(error)
            }
        }
        return (tests, findings.sorted())
    }
}
