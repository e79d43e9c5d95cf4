import Content
import Model
import SendGate

extension EmailDefinition {
    /// The e-mail that asks for a confirmation: neutral, in the workspace's language and in the others that Loods knows. It
    /// says what is asked and by whom, and nothing that would be advertising.
    ///
    /// - Parameter locale: the workspace's own; English where that is none that Loods knows.
    init?(confirming topic: Topic, locale: LanguageTag?) {
        let words = ConfirmationWords.all
        let own = locale.flatMap { tag in words.first { Self.speaks($0, tag) } } ?? words[0]
        guard let template = own.template else { return nil }
        var translations: [LanguageTag: EmailVariant] = [:]
        for other in words where other.language != own.language {
            guard let tag = LanguageTag(other.language), let template = other.template else { continue }
            translations[tag] = EmailVariant(language: tag, template: template)
        }
        self.init(
            name: topic.confirmationJourney,
            wording: EmailWording(
                own: EmailVariant(language: LanguageTag(own.language), template: template), translations: translations),
            ground: .transactional, isOnRequest: false, restraint: .init(),
            digest: .derived("loods.confirmation", ConfirmationWords.edition))
    }

    private static func speaks(_ words: ConfirmationWords, _ tag: LanguageTag) -> Bool {
        tag.fallbacks.contains { $0.description == words.language }
    }
}

/// What the e-mail says in one language.
private struct ConfirmationWords {
    let language: String
    let subject: String
    let greeting: String
    let action: String
    let otherwise: String

    /// Changes with the words.
    static let edition = "1"

    static let all = [
        ConfirmationWords(
            language: "en", subject: "Please confirm: {{workspace.name}}",
            greeting: "Somebody, probably you, has given this address to {{workspace.name}} and said:",
            action: "Confirm",
            otherwise: "If it was not you, do nothing: without your confirmation you get no more of this."),
        ConfirmationWords(
            language: "nl", subject: "Bevestig alstublieft: {{workspace.name}}",
            greeting: "Iemand, waarschijnlijk u, heeft dit adres aan {{workspace.name}} gegeven met de woorden:",
            action: "Bevestigen",
            otherwise: "Was u het niet, doe dan niets: zonder uw bevestiging hoort u hier niets meer over."),
    ]

    var template: EmailTemplate? { try? EmailTemplate(subject: subject, text: text, html: html) }

    private var text: String {
        """
        \(greeting)

          {{confirmation.wording}}

        \(action): {{links.confirm}}

        \(otherwise)

        --
        {{workspace.name}}
        {{workspace.address}}

        """
    }

    private var html: String {
        """
        <!doctype html>
        <html lang="\(language)">
        <head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
        <title>\(subject)</title></head>
        <body style="margin:0;padding:24px;background:#ffffff;color:#1a1a1a;font:16px/1.5 Arial,sans-serif">
        <p>\(greeting)</p>
        <p><strong>{{confirmation.wording}}</strong></p>
        <p><a href="{{links.confirm}}" style="display:inline-block;padding:10px 22px;background:#0b4f8a;color:#ffffff;text-decoration:none;border-radius:4px">\(action)</a></p>
        <p>\(otherwise)</p>
        <p style="color:#5a5a5a;font-size:13px">{{workspace.name}}, {{workspace.address}}</p>
        </body>
        </html>

        """
    }
}
