import Expressions
import JourneyProgram
import Model

extension Loader {
    /// The journeys of e-mails that may be asked for: each of one step, which is the e-mail, and entered once for every
    /// request. So what is asked for has a run, decisions and a message like everything else.
    func requestJourneys(
        _ emails: [String: EmailDefinition?], _ settings: SettingsReader.Settings?
    ) -> [JourneyDefinition] {
        let asked = emails.values.compactMap(\.self).filter(\.isOnRequest).sorted { $0.name < $1.name }
        return asked.compactMap { email in
            Journey(onRequest: email.name, email.rules).map { journey in
                let paths = emailPaths(email.name)
                let digest = journeyDigest(of: paths, settings)
                return JourneyDefinition(journey: journey, file: paths[0], digest: digest)
            }
        }
    }
}

extension Journey {
    /// The journey `request:NAME`, a name that no file can have.
    ///
    /// - Parameter email: a name; nil comes of what is none.
    fileprivate init?(onRequest email: String, _ rules: ContentRules) {
        let source = "event.context.message.template == \"\(email)\""
        guard let when = try? Expression(source, scope: .entry),
            let key = try? Expression("event.id", scope: .entry, expecting: .dyn),
            let journey = try? Journey(
                name: "request:\(email)",
                entry: Entry(.event(EventNames.messageRequested, when: when), again: .perKey(key)),
                steps: [.email(name: email, template: email)], contents: [email: rules])
        else { return nil }
        self = journey
    }
}
