import Expressions
import JourneyProgram
import Model

/// Reads a workspace's files in the order in which they refer to each other.
struct Loader {
    let files: [String: String]
    /// How long the log is kept; nil: for good.
    let retention: Span?
    var findings: [Finding] = []
    let library: TemplateLibrary
    private var readFiles: Set<String> = []

    mutating func note(_ finding: Finding) { findings.append(finding) }

    /// Notes that files are looked at, be it that they are not there.
    mutating func note(read paths: [String]) { readFiles.formUnion(paths) }

    init(files: [String: String], retention: Span? = nil) {
        self.files = files
        self.retention = retention
        library = TemplateLibrary(files: files)
    }

    mutating func load() -> Workspace? {
        guard files["workspace.yaml"] != nil else {
            report(
                "workspace.yaml", .missing, "there is no workspace.yaml", help: "it names the workspace and its sender")
            return nil
        }
        let settings = read("workspace.yaml") { [retention] in SettingsReader($0, retention: retention).read() } ?? nil
        let zone = settings?.zone ?? .utc
        let scores = read("scores.yaml") { ScoresReader($0, zone: zone).read() } ?? []
        var vocabulary = Vocabulary(topics: settings.map { Set($0.topics.map(\.name)) })
        vocabulary.retention = retention
        vocabulary.scores = scores.map { Set($0.map(\.name)) }
        vocabulary.bands = scores.map { scores in
            Dictionary(scores.map { ($0.name, Set($0.bands.map(\.name))) }) { first, _ in first }
        }
        let stageSet = read("stages.yaml") { StagesReader($0, vocabulary).read() } ?? StageSet()
        let stages = stageSet.map(\.stages)
        vocabulary.stages = stages.map { Set($0.map(\.name)) }
        let segments = readSegments(&vocabulary)
        let personas = read("personas.yaml") { PersonasReader($0, vocabulary).read() } ?? Personas.none
        let topics = settings?.topics.map(\.name)
        vocabulary.personas = personas.map { Set($0.ordered.map(\.name) + [$0.fallback].compactMap(\.self)) }
        let emails = readEmails(
            EmailReader.Surroundings(
                topics: topics, locale: settings?.locale, domains: settings?.sendingDomains ?? SendingDomains(),
                vocabulary: vocabulary, library: library))
        let postcards = readPostcards(topics: topics, locale: settings?.locale)
        var known = Names(vocabulary, stages, emails, settings?.holidays ?? Holidays())
        known.contents = emails.compactMapValues { $0?.rules }
        known.followsStages = stageSet?.regress == .follow
        known.journeys = journeyNames
        known.scores = scores
        known.topics = topics
        known.postcards = postcards
        known.hasPost = settings.map { $0.targets.post != nil || $0.targets.hasFaultyPost }
        known.webhooks = settings?.targets.webhookNames.sorted() ?? []
        known.teams = settings?.targets.teamNames.sorted() ?? []
        let streams = readStreams(emails: known.emails)
        known.streams = streams.mapValues { $0?.stream }
        let journeys = readJourneys(known, settings)
        let names = stages?.map(\.name)
        let pages = read("pages.yaml") { PagesReader($0, stages: names).read() } ?? PagesReader.Pages()
        let contents = pages?.contents.map(\.name)
        let forms =
            read("forms.yaml") { FormsReader($0, contents: contents, topics: settings?.topics).read() }
            ?? FormsReader.Forms()
        checkConfirmations(settings?.topics ?? [], emails)
        reportCircles(journeys)
        let confirming = Set(settings?.topics.compactMap(\.confirmation?.email) ?? [])
        reportUnused(emails: emails.filter { !confirming.contains($0.key) }, journeys: journeys)
        reportUnused(streams: streams, journeys: journeys)
        reportUnused(postcards: postcards, journeys: journeys)
        reportUnused(library, emails: Array(emails.keys))
        reportUnread()
        guard let settings, let scores, let stageSet, let personas, let pages, let forms else { return nil }
        return Workspace(
            settings, stages: stageSet, scores: scores.map { $0.on(pages.rules) }, segments: segments,
            personas: personas,
            journeys: journeys + requestJourneys(emails, settings) + confirmationJourneys(settings),
            emails: emails.compactMapValues { $0 }.merging(confirmationEmails(settings)) { own, _ in own },
            postcards: postcards.compactMapValues { $0 }, pages: pages,
            forms: forms, streams: streams.values.compactMap(\.self),
            audienceDigest: audienceDigest(settings, journeys))
    }

    /// What `body` reads from a file; nil where there is no such file.
    mutating func read<Definitions>(
        _ file: String, _ body: (Inspection) -> Definitions?
    ) -> Definitions?? {
        guard let text = files[file] else { return nil }
        readFiles.insert(file)
        do {
            let inspection = Inspection(try YAMLFile(name: file, text: text))
            let definitions = body(inspection)
            findings += inspection.findings
            return .some(definitions)
        } catch {
            findings.append(error)
            return .some(nil)
        }
    }

    mutating func report(
        _ file: String, _ code: Finding.Code, _ message: String, help: String? = nil,
        severity: Finding.Severity = .error
    ) {
        findings.append(
            Finding(
                file: file, line: 1, column: 1, severity: severity, code: code, message: message, help: help))
    }
}

/// The names that a journey may refer to; nil where they could not be read, so that one fault is not reported twice.
struct Names {
    var vocabulary: Vocabulary
    var stages: [String]?
    var emails: [String]
    /// By e-mail, how its content is chosen.
    var contents: [String: ContentRules] = [:]
    var holidays: Holidays
    var journeys: [String] = []
    var webhooks: [String] = []
    var teams: [String] = []
    var scores: [ScoreModel]? = []
    var topics: [String]? = []
    /// Nil for those with faults.
    var postcards: [String: PostcardDefinition?] = [:]
    /// Whether something says where postcards go; nil where that could not be read.
    var hasPost: Bool?
    /// By name; nil for one that is there but has faults.
    var streams: [String: Step.Stream?] = [:]
    /// Whether stages follow their conditions, so that none can be given.
    var followsStages = false

    init(
        _ vocabulary: Vocabulary, _ stages: [Stage]?, _ emails: [String: EmailDefinition?], _ holidays: Holidays
    ) {
        self.vocabulary = vocabulary
        self.stages = stages?.map(\.name)
        self.emails = emails.keys.sorted()
        self.holidays = holidays
    }
}

// MARK: Segments

extension Loader {
    /// The segments, each after those that it asks for. Their names are known before any condition is read, since they may
    /// ask for each other in whatever order their files stand.
    private mutating func readSegments(_ vocabulary: inout Vocabulary) -> [Segment] {
        let paths = files.keys.sorted().filter { Self.isDefinition($0, in: "segments") }
        let names = paths.map { path in
            (try? YAMLFile(name: path, text: files[path] ?? "")).flatMap { SegmentReader.name(in: $0) }
        }
        vocabulary.segments = names.contains(nil) ? nil : Set(names.compactMap(\.self))
        var segments: [SegmentReader.Placed] = []
        for path in paths {
            guard let placed = read(path, { [vocabulary] in SegmentReader($0, vocabulary).read() }) ?? nil else {
                continue
            }
            if let other = segments.first(where: { $0.segment.name == placed.segment.name })?.segment {
                report(path, .duplicate, "the segment \"\(other.name)\" stands in \(other.file) as well")
            } else {
                segments.append(placed)
            }
        }
        let order = SegmentOrder(segments.map(\.segment))
        if let circle = order.circle, let first = segments.first(where: { $0.segment.name == circle[0] }) {
            findings.append(
                Finding(
                    file: first.segment.file, line: first.place.line, column: first.place.column, severity: .error,
                    code: .invalid, message: "segments ask for each other in a circle",
                    help: circle.joined(separator: " → ")))
        }
        return order.ordered
    }

    /// Caps count days of the workspace's zone. The dates that start journeys are looked out for beside what makes facts.
    private func audienceDigest(_ settings: SettingsReader.Settings, _ journeys: [JourneyDefinition]) -> UniqueID {
        let dates = journeys.map(\.journey).compactMap { journey in
            journey.dateOfEntry.map { "\(journey.name) \($0)" }
        }
        let zone = UniqueID.derived("loods.audience", settings.zone.name)
        let start = dates.reduce(zone) { UniqueID.derived("loods.audience", "\($0)", $1) }
        let whole: Set<String> = ["scores.yaml", "stages.yaml", "personas.yaml", "pages.yaml"]
        let paths = files.keys.filter { whole.contains($0) || Self.isDefinition($0, in: "segments") }
        return digest("loods.audience", of: paths.sorted(), from: start)
    }

    /// Whether a path is a YAML file right in one of the folders of definitions.
    static func isDefinition(_ path: String, in folder: String) -> Bool {
        let parts = path.split(separator: "/")
        return parts.count == 2 && parts[0] == folder && path.hasSuffix(".yaml")
    }
}

// MARK: Journeys

extension Loader {
    private mutating func readJourneys(
        _ names: Names, _ settings: SettingsReader.Settings?
    ) -> [JourneyDefinition] {
        var journeys: [JourneyDefinition] = []
        for file in files.keys.sorted() where Self.isJourney(file) {
            guard let journey = read(file, { JourneyReader($0, names).read() }) ?? nil else { continue }
            if let other = journeys.first(where: { $0.journey.name == journey.name }) {
                report(file, .duplicate, "the journey \"\(journey.name)\" stands in \(other.file) as well")
                continue
            }
            let templates = journey.sentTemplates.sorted()
            // Whether an event starts a run may hang on its page.
            let pages = journey.entry.source?.contains("page") == true ? ["pages.yaml"] : []
            let cards = Set(journey.postcards).sorted().flatMap(postcardPaths)
            let paths = [file] + pages + streamFiles(of: journey) + templates.flatMap(emailPaths) + cards
            let digest = Set(journey.callSteps.map(\.call.name)).sorted().reduce(journeyDigest(of: paths, settings)) {
                .derived("loods.journey", "\($0)", $1, settings?.targets.digest(of: $1) ?? "")
            }
            journeys.append(JourneyDefinition(journey: journey, file: file, digest: journey.pointsDigest(from: digest)))
        }
        return journeys
    }

    /// The names alone, for journeys to start each other.
    private var journeyNames: [String] {
        files.keys.filter(Self.isJourney).sorted().compactMap { path in
            (try? YAMLFile(name: path, text: files[path] ?? ""))?.root.members?.first { $0.key == "journey" }?.value
                .text
        }
    }

    /// Journeys that start each other in a circle would do so for ever.
    private mutating func reportCircles(_ journeys: [JourneyDefinition]) {
        let started = Dictionary(journeys.map { ($0.journey.name, $0.journey.startedJourneys) }) { first, _ in first }
        for definition in journeys {
            var (reached, open) = (Set<String>(), started[definition.journey.name] ?? [])
            while let next = open.popFirst() {
                if reached.insert(next).inserted { open.formUnion(started[next] ?? []) }
            }
            guard reached.contains(definition.journey.name) else { continue }
            report(
                definition.file, .invalid, "journeys start each other in a circle",
                help: "\"\(definition.journey.name)\" would be started again and again")
        }
    }

    func journeyDigest(of paths: [String], _ settings: SettingsReader.Settings?) -> UniqueID {
        let start = UniqueID.derived("loods.journey", settings?.digest.description ?? "")
        return digest("loods.journey", of: paths, from: start)
    }

    static func isJourney(_ path: String) -> Bool { isDefinition(path, in: "journeys") }

    func digest(_ purpose: String, of paths: [String], from start: UniqueID) -> UniqueID {
        paths.reduce(start) { digest, path in
            .derived(purpose, digest.description, path, files[path] == nil ? "absent" : "present", files[path] ?? "")
        }
    }
}

// MARK: What nothing reads

extension Loader {
    private mutating func reportUnused(emails: [String: EmailDefinition?], journeys: [JourneyDefinition]) {
        let isWhole = journeys.count == files.keys.count(where: Self.isJourney)
        let used = Set(journeys.flatMap(\.journey.sentTemplates))
        for (name, email) in emails.sorted(by: { $0.key < $1.key })
        where isWhole && !used.contains(name) && email?.isOnRequest != true {
            report("emails/\(name)/email.yaml", .unused, "no journey sends \"\(name)\"", severity: .warning)
        }
    }

    private mutating func reportUnused(postcards: [String: PostcardDefinition?], journeys: [JourneyDefinition]) {
        let used = Set(journeys.flatMap(\.journey.postcards))
        guard journeys.count == files.keys.count(where: Self.isJourney) else { return }
        for name in postcards.keys.sorted() where !used.contains(name) {
            report("postcards/\(name)/postcard.yaml", .unused, "no journey sends \"\(name)\"", severity: .warning)
        }
    }

    private mutating func reportUnread() {
        for file in files.keys.sorted() where !readFiles.contains(file) && Self.looksLikeDefinition(file) {
            report(file, .unused, "not read by this version", severity: .warning)
        }
    }

    private static func looksLikeDefinition(_ path: String) -> Bool {
        let isHidden = path.split(separator: "/").contains { $0.hasPrefix(".") }
        return !isHidden && !path.hasPrefix("tests/")
            && (path.hasPrefix("emails/") || path.hasPrefix("postcards/")
                || [".yaml", ".yml", ".mustache"].contains { path.hasSuffix($0) })
    }
}

extension Journey {
    /// All that says when its date comes, where it starts on one.
    fileprivate var dateOfEntry: String? {
        guard case .date(let date, _) = entry.trigger else { return nil }
        return "\(date) \(date.offset) \(date.minuteOfDay ?? -1) \(date.isYearly)"
    }
}

extension Journey {
    /// How long points that its steps give count may be said by their score, in another file.
    fileprivate func pointsDigest(from digest: UniqueID) -> UniqueID {
        changes.reduce(digest) { digest, change in
            guard case .points(let given) = change, let expiry = given.expiry else { return digest }
            return .derived("loods.journey", "\(digest)", given.model, "\(expiry)")
        }
    }
}

extension Journey.Entry {
    /// The text of the condition on which an event starts a run.
    fileprivate var source: String? {
        if case .event(_, let when?) = trigger { when.source } else { nil }
    }
}
