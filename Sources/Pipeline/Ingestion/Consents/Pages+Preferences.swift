import HTTPTypes
import Hummingbird
import Model
import Workspaces

extension Pages {
    /// The page of choices: a form that works without a script.
    ///
    /// - Parameter note: what came of the form; nil where none was sent.
    static func preferences(
        _ preferences: Preferences, of workspace: Workspace, _ words: PageWords, note: String?
    ) -> Response {
        let topics = preferences.choices.filter { $0.topic.name != Workspace.trackingTopic }
        let tracking = preferences.choices.filter { $0.topic.name == Workspace.trackingTopic }
        let status = note.map { "<p role=\"status\">\(escaped($0))</p>" } ?? ""
        let groups = topics.map(\.topic.name).reduce(into: [String]()) { names, name in
            if !names.contains(name) { names.append(name) }
        }.map { name in fieldset(topics.filter { $0.topic.name == name }, words) }
        let seen =
            tracking.isEmpty
            ? "" : fieldset(tracking, words, legend: words.tracking)
        return page(
            .ok, title: words.preferencesTitle,
            body: """
                <p>\(escaped(workspace.sender.name))</p>
                \(status)
                <p>\(escaped(words.preferencesIntroduction))</p>
                <form method="post">
                \(groups.joined(separator: "\n"))
                \(seen)
                <p><button type="submit" name="act" value="save">\(escaped(words.save))</button></p>
                <p><button type="submit" name="act" value="nothing" class="quiet" aria-describedby="hint">\(escaped(words.nothing))</button></p>
                <p id="hint">\(escaped(words.nothingHint))</p>
                </form>
                """, language: words.language)
    }

    private static func fieldset(
        _ choices: [Preferences.Choice], _ words: PageWords, legend: String? = nil
    ) -> String {
        guard let topic = choices.first?.topic else { return "" }
        let title = legend ?? topic.title?.said(in: words.language).text ?? topic.name
        let wording = topic.wording(in: words.language)
        let language = (wording?.language?.description).map { $0 == words.language ? "" : " lang=\"\($0)\"" } ?? ""
        let boxes = choices.map { choice in
            let name = escaped(choice.name)
            let label =
                choices.count == 1 && choice.channel == "email"
                ? "<span\(language)>\(escaped(wording?.text ?? topic.wording))</span>"
                : escaped(words.name(of: choice.channel))
            return """
                <input type="hidden" name="shown" value="\(name)"><label><input type="checkbox" name="on" \
                value="\(name)"\(choice.isOn ? " checked" : "")> <span>\(label)</span></label>
                """
        }
        let said = choices.count == 1 ? "" : "<p\(language)>\(escaped(wording?.text ?? topic.wording))</p>"
        return "<fieldset><legend>\(escaped(title))</legend>\(said)\(boxes.joined(separator: "\n"))</fieldset>"
    }
}

extension PageWords {
    fileprivate func name(of channel: String) -> String {
        switch channel {
        case "site": onSite
        case "postcard": byPost
        default: everywhere
        }
    }
}
