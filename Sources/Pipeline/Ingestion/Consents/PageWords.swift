import HTTPTypes
import Hummingbird
import Model

/// What the pages of consent say, in the languages that Loods knows. `{topic}` stands where a topic's title goes.
struct PageWords: Sendable {
    let language: String
    let missingTitle: String
    let missing: String
    let leaveTitle: String
    let leaveQuestion: String
    let leaveAction: String
    let leftTitle: String
    let leftNow: String
    let leftLater: String
    let confirmTitle: String
    let confirmQuestion: String
    let confirmAction: String
    let confirmedTitle: String
    let confirmed: String
    let overTitle: String
    let over: String
    let retryTitle: String
    let retry: String
    let preferencesTitle: String
    let preferencesIntroduction: String
    let everywhere: String
    let onSite: String
    let byPost: String
    let tracking: String
    let save: String
    let nothing: String
    let nothingHint: String
    let saved: String
    let recorded: String

    static let english = PageWords(
        language: "en", missingTitle: "Not found", missing: "This link is not valid, or no longer.",
        leaveTitle: "Unsubscribe", leaveQuestion: "You get mail about {topic}.", leaveAction: "Unsubscribe",
        leftTitle: "Unsubscribed", leftNow: "You get no more mail about {topic}.",
        leftLater: "Your choice about {topic} is recorded and will be applied within minutes.",
        confirmTitle: "Please confirm", confirmQuestion: "You were asked for your consent to:",
        confirmAction: "Confirm", confirmedTitle: "Confirmed", confirmed: "Thank you. Your consent is recorded.",
        overTitle: "No longer valid",
        over: "This request has expired, or was taken back. Ask again where you signed up.",
        retryTitle: "Please try again",
        retry: "Your choice could not be recorded just now. Please try again in a minute.",
        preferencesTitle: "What you hear from us",
        preferencesIntroduction: "Tick what you want to get. What is not ticked you do not get.",
        everywhere: "by e-mail", onSite: "on the site", byPost: "by post", tracking: "What we may see", save: "Save",
        nothing: "Stop everything",
        nothingHint: "You still get what you are owed, such as receipts.",
        saved: "Your choices are saved.",
        recorded: "Your choices are recorded and will be applied within minutes.")

    static let dutch = PageWords(
        language: "nl", missingTitle: "Niet gevonden", missing: "Deze link is niet geldig, of niet meer.",
        leaveTitle: "Afmelden", leaveQuestion: "U krijgt mail over {topic}.", leaveAction: "Afmelden",
        leftTitle: "Afgemeld", leftNow: "U krijgt geen mail meer over {topic}.",
        leftLater: "Uw keuze over {topic} is vastgelegd en wordt binnen enkele minuten toegepast.",
        confirmTitle: "Bevestig alstublieft", confirmQuestion: "U is om toestemming gevraagd voor:",
        confirmAction: "Bevestigen", confirmedTitle: "Bevestigd", confirmed: "Dank u. Uw toestemming is vastgelegd.",
        overTitle: "Niet meer geldig",
        over: "Dit verzoek is verlopen of teruggenomen. Meld u opnieuw aan waar u dat eerder deed.",
        retryTitle: "Probeer het opnieuw",
        retry: "Uw keuze kon zojuist niet worden vastgelegd. Probeer het over een minuut opnieuw.",
        preferencesTitle: "Wat u van ons hoort",
        preferencesIntroduction: "Vink aan wat u wilt ontvangen. Wat niet is aangevinkt, krijgt u niet.",
        everywhere: "per e-mail", onSite: "op de website", byPost: "per post", tracking: "Wat wij mogen zien",
        save: "Opslaan", nothing: "Stop alles",
        nothingHint: "U krijgt nog wel wat u toekomt, zoals bonnen.",
        saved: "Uw keuzes zijn opgeslagen.",
        recorded: "Uw keuzes zijn vastgelegd en worden binnen enkele minuten toegepast.")

    static let all = [english, dutch]
}

extension PageWords {
    /// What became of leaving a topic.
    func left(_ outcome: WithdrawalDesk.Outcome) -> String {
        switch outcome {
        case .applied: leftNow
        case .recorded: leftLater
        }
    }

    /// In the first language of those that Loods knows.
    init(_ wanted: [String?]) {
        let found = wanted.lazy.compactMap { $0.flatMap { LanguageTag(saidBy: $0) } }.compactMap { tag in
            tag.fallbacks.lazy.compactMap { tag in Self.all.first { $0.language == tag.description } }.first
        }.first
        self = found ?? Self.english
    }

    /// - Parameters:
    ///   - language: the mail's; empty where it has none.
    ///   - request: what the browser says counts then.
    init(mailedIn language: String, _ request: Request) {
        let accepted = (request.headers[.acceptLanguage] ?? "").prefix(255).split(separator: ",").map { item in
            String(item.prefix { $0 != ";" }.filter { $0 != " " })
        }
        self.init([language.isEmpty ? nil : language] + accepted)
    }
}
