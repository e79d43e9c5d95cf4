import Content
import Links
import Model
import Store
import Workspaces

/// The blocks of a mail that are chosen when it is opened: an image and a link, by signed URLs.
struct LiveInserts {
    private let email: EmailDefinition
    private let workspace: WorkspaceID
    private let reader: MailReader
    private let language: LanguageTag?
    private let publicURL: String

    init(
        _ email: EmailDefinition, of cleared: ClaimDesk.Cleared, to reader: MailReader, in language: LanguageTag?,
        at publicURL: String
    ) {
        self.email = email
        workspace = cleared.claimed.message.contact.workspace
        self.reader = reader
        self.language = language
        self.publicURL = publicURL
    }

    func signed(by links: LinkSigner) throws(LinkError) -> EmailTemplate.Inserts {
        var inserts = EmailTemplate.Inserts()
        for block in email.live {
            let alternative = block.alternative(in: language)
            let image =
                try "\(publicURL)/o/"
                + links.sign(.liveImage(.nobody(in: workspace), content(block, block.fallback.image)))
            let link = try block.fallback.link.map { link throws(LinkError) in
                try "\(publicURL)/l/" + links.sign(way(content(block, link)))
            }
            let shown = Self.image(block, at: image, alternative)
            inserts.html[block.name] = link.map { "<a href=\"\(HTMLText.escaped($0))\">\(shown)</a>" } ?? shown
            inserts.text[block.name] = link.map { "\(alternative): \($0)" } ?? alternative
        }
        return inserts
    }

    private func way(_ content: LiveContent) -> Link {
        let nobody = LinkOrigin.nobody(in: workspace)
        return switch reader {
        case .known(let origin): .liveLink(origin, content)
        case .counted(let mail): .countedLive(nobody, mail, content)
        case .unseen: .liveLink(nobody, content)
        }
    }

    private func content(_ block: LiveBlock, _ fallback: String) -> LiveContent {
        LiveContent(email: email.name, block: block.name, language: language, fallback: fallback)
    }

    private static func image(_ block: LiveBlock, at url: String, _ alternative: String) -> String {
        let size = [("width", block.width), ("height", block.height)].compactMap { name, value in
            value.map { " \(name)=\"\($0)\"" }
        }
        return "<img src=\"\(HTMLText.escaped(url))\" alt=\"\(HTMLText.escaped(alternative))\"\(size.joined())"
            + " style=\"display:block;max-width:100%;height:auto;border:0\">"
    }
}
