import HTTPTypes
import Hummingbird

extension Pages {
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
