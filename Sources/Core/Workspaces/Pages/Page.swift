public import Expressions
public import Model

/// What a page of the site is about: the level of the journey that its visitors are on, and what is gated on it.
public struct PageRule: Sendable, Hashable {
    public let pattern: URLPattern
    public let stage: String?
    public let content: String?
}

/// Something that is given to whoever fills in a form, behind a link that is signed and expires.
public struct GatedContent: Sendable, Hashable {
    public enum Target: Sendable, Hashable {
        /// Where the link leads.
        case url(String)
        /// A file of this name in the folder that ingest serves.
        case file(String)
    }

    public let name: String
    public let target: Target
    public let expires: Span
}

extension Workspace {
    /// What an event's page is, as conditions see it; see `Array.page(of:)`.
    public func page(of event: HistoryEvent) -> JSON { pages.page(of: event) }

    public func content(named name: String) -> GatedContent? { contents.first { $0.name == name } }
}

extension [PageRule] {
    /// What conditions see as `event.page`: `stage` and `content` of the first rule that fits the page the event happened on,
    /// each empty where there is none.
    ///
    /// The page is `properties.url`, else `context.page.url`, else the paths beside them. Facts stay a function of the log
    /// and the definitions: a changed rule speaks of past events too.
    public func page(of event: HistoryEvent) -> JSON {
        let places = [
            event.properties["url"], event.context["page"]?["url"], event.properties["path"],
            event.context["page"]?["path"],
        ]
        let rule = places.lazy.compactMap { $0?.string }.first.flatMap { address in first { $0.pattern.fits(address) } }
        return .object(["stage": .string(rule?.stage ?? ""), "content": .string(rule?.content ?? "")])
    }
}
