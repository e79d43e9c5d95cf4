import HTTPTypes
import Hummingbird

extension Pages {
    static func notFound(_ words: PageWords) -> Response {
        page(
            .notFound, title: words.missingTitle, body: "<p>\(escaped(words.missing))</p>", language: words.language)
    }

    /// - Parameter topic: as its reader knows it.
    static func leaving(_ topic: String, _ words: PageWords) -> Response {
        page(
            .ok, title: words.leaveTitle,
            body: """
                <p>\(sentence(words.leaveQuestion, topic))</p>
                <form method="post"><button type="submit" name="confirm" value="yes">\(escaped(words.leaveAction))</button></form>
                """, language: words.language)
    }

    static func left(_ topic: String, _ outcome: WithdrawalDesk.Outcome, _ words: PageWords) -> Response {
        return page(
            .ok, title: words.leftTitle, body: "<p role=\"status\">\(sentence(words.left(outcome), topic))</p>",
            language: words.language)
    }

    private static func sentence(_ words: String, _ topic: String) -> String {
        escaped(words).replacing("{topic}", with: "<strong>\(escaped(topic))</strong>")
    }

    /// - Parameter wording: what is consented to.
    static func confirmation(of wording: String, _ words: PageWords) -> Response {
        page(
            .ok, title: words.confirmTitle,
            body: """
                <p>\(escaped(words.confirmQuestion))</p>
                <blockquote>\(escaped(wording))</blockquote>
                <form method="post"><button type="submit" name="confirm" value="yes">\(escaped(words.confirmAction))</button></form>
                """, language: words.language)
    }

    static func confirmed(_ words: PageWords) -> Response {
        page(
            .ok, title: words.confirmedTitle, body: "<p role=\"status\">\(escaped(words.confirmed))</p>",
            language: words.language)
    }

    static func requestIsOver(_ words: PageWords) -> Response {
        page(.gone, title: words.overTitle, body: "<p>\(escaped(words.over))</p>", language: words.language)
    }

    static func tryAgain(_ words: PageWords) -> Response {
        var response = page(
            .serviceUnavailable, title: words.retryTitle, body: "<p role=\"alert\">\(escaped(words.retry))</p>",
            language: words.language)
        response.headers[.retryAfter] = "10"
        return response
    }
}
