import Content
import Expressions
import JourneyProgram
import Model

extension Loader {
    /// The merge field of the link that confirms.
    static let confirmationField = "links.confirm"

    /// The journeys that ask for confirmation, one for each topic with `double_opt_in`: the mail goes the way of all that is
    /// owed, once for a request, and not more than once a day however often somebody asks.
    func confirmationJourneys(_ settings: SettingsReader.Settings) -> [JourneyDefinition] {
        settings.topics.filter { $0.confirmation != nil }.compactMap { topic in
            Journey(confirming: topic).map { journey in
                let paths = topic.confirmation?.email.map(emailPaths) ?? []
                let digest = UniqueID.derived(
                    "loods.journey", "\(journeyDigest(of: paths, settings))", topic.name, "\(topic.wordings)",
                    "\(topic.version)")
                return JourneyDefinition(journey: journey, file: "workspace.yaml", digest: digest)
            }
        }
    }

    /// The e-mails that Loods has for those that name none.
    func confirmationEmails(_ settings: SettingsReader.Settings) -> [String: EmailDefinition] {
        let topics = settings.topics.filter { $0.confirmation != nil && $0.confirmation?.email == nil }
        let emails = topics.compactMap { EmailDefinition(confirming: $0, locale: settings.locale) }
        return Dictionary(emails.map { ($0.name, $0) }) { first, _ in first }
    }

    /// An e-mail of the workspace's own that asks must be there, be owed, and have the link.
    mutating func checkConfirmations(_ topics: [Topic], _ emails: [String: EmailDefinition?]) {
        for topic in topics {
            guard let confirmation = topic.confirmation, let name = confirmation.email else { continue }
            guard let email = emails[name] else {
                report(
                    .unknownName, "there is no e-mail \"\(name)\"", at: confirmation.place,
                    help: "without \"email\" Loods has one")
                continue
            }
            guard let email else { continue }
            if email.ground != .transactional {
                report(
                    .invalid, "the e-mail \"\(name)\" asks for consent, and so can rest on none",
                    at: confirmation.place,
                    help: "it is \"class: transactional\", and says nothing but what is asked")
            }
            if !email.mergeFields.contains(Self.confirmationField) {
                report(
                    .missing, "the e-mail \"\(name)\" has no {{\(Self.confirmationField)}}: nobody could confirm",
                    at: confirmation.place)
            }
        }
    }

    private mutating func report(
        _ code: Finding.Code, _ message: String, at place: YAMLNode.Place, help: String? = nil
    ) {
        note(
            Finding(
                file: "workspace.yaml", line: place.line, column: place.column, severity: .error, code: code,
                message: message, help: help))
    }
}

extension Journey {
    fileprivate init?(confirming topic: Topic) {
        // Whoever has confirmed is not asked again.
        let source = "event.properties.topic == \"\(topic.name)\" && !consented(\"\(topic.name)\")"
        guard let when = try? Expression(source, scope: .entry),
            let journey = try? Journey(
                name: topic.confirmationJourney,
                entry: Entry(.event(EventNames.consentGiven, when: when), again: .every(.days(1))),
                steps: [.email(name: "confirm", template: topic.confirmationEmail)])
        else { return nil }
        self = journey
    }
}
