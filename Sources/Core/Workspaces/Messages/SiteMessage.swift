import Content
import JourneyProgram
public import Model

/// What a site shows a contact at the next visit. It says the same to everybody: whoever sits at that browser reads it.
public struct SiteMessage: Sendable, Hashable {
    public struct Link: Sendable, Hashable {
        public var text: String
        /// An absolute `https` URL, or a path of the site that begins with a single slash.
        public var url: String

        public init(text: String, url: String) {
            self.text = text
            self.url = url
        }
    }

    /// As it is written a template; of merge fields it has the workspace's only.
    public var text: String
    public var link: Link?

    public init(text: String, link: Link?) {
        self.text = text
        self.link = link
    }

    /// As a step's call holds it; nil for what is none.
    init?(_ content: JSON) {
        guard let text = content["text"]?.string else { return nil }
        self.text = text
        guard let link = content["link"], let label = link["text"]?.string, let url = link["url"]?.string else {
            return
        }
        self.link = Link(text: label, url: url)
    }

    /// As steps hold it, and as the site is told.
    public var content: JSON {
        var members: [String: JSON] = ["text": .string(text)]
        if let link { members["link"] = .object(["text": .string(link.text), "url": .string(link.url)]) }
        return .object(members)
    }

    /// How long one waits for its reader where the step does not say.
    static let usualLifetime = Span.days(14)
    static let lifetimes: ClosedRange<Span> = .minutes(1) ... .days(30)
    /// The most characters of a text, as it is written.
    static let longestText = 500
}

extension Workspace {
    /// What a step shows, filled in; nil where the definitions have no such step, or it cannot be filled in.
    public func siteMessage(atStep step: String, ofJourney name: String) -> SiteMessage? {
        guard let call = journey(named: name)?.journey.callSteps.first(where: { $0.step == step })?.call,
            case .visitor = call.target, var message = SiteMessage(call.content),
            let template = try? Template(message.text, as: .text),
            let text = try? template.render(["workspace": .object(["name": .string(self.name)])])
        else { return nil }
        message.text = text
        return message
    }
}
