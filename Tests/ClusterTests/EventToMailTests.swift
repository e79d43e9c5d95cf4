import Foundation
import Laboratory
import Postgres
import Testing
import TestSupport

/// One event's way through all four services, and back by the links in the mail it leads to.
@Suite struct EventToMailTests {
    @Test(.timeLimit(.minutes(10)))
    func anOrderBecomesMailsWhoseLinksWork() async throws {
        try await Cluster.with(workspace: Shop.files) { cluster in
            try await cluster.post(Shop.customer(1, consents: ["offers", "tracking"]))
            let mails = try await eventually("both mails arrive") {
                let mails = try cluster.mail.mails()
                return mails.count == 2 ? mails : nil
            }
            #expect(mails[0].to == "customer-1@example.com")
            #expect(mails[0].subject == "Your order o-1")
            #expect(!mails[0].text.contains("List-Unsubscribe"))

            let offer = mails[1].text.replacing("=\r\n", with: "").replacing("=3D", with: "=")
            let header = try #require(offer.firstMatch(of: /List-Unsubscribe: <([^>]+)>/)).1
            let unsubscribe = String(header).replacing("\r\n ", with: "")
            #expect(offer.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click"))
            let click = try #require(offer.firstMatch(of: /http:[^\s"]+\/c\/[^\s"]+/)).0
            #expect(try await cluster.open(String(click)) == (302, "https://shop.example/offers"))

            let shown = try await cluster.open(unsubscribe)
            #expect(shown.0 == 200 && shown.1.contains("<form"))
            #expect(try await withdrawn(cluster) == 0, "showing the page changes nothing")
            let took = try await ContinuousClock().measure {
                let answer = try await cluster.open(unsubscribe, method: "POST", body: "List-Unsubscribe=One-Click")
                #expect(answer.0 == 200)
            }
            #expect(try await withdrawn(cluster) == 1 || took > Cluster.storeStall, "it holds once it is answered")
            try await eventually("consent is withdrawn") { try await withdrawn(cluster) == 1 }

            try await eventually("click and withdrawal come back as events") {
                try await cluster.count(
                    "select count(*) from events where name in ('Email Clicked', 'Consent Withdrawn')") == 2
            }
            let story = try await cluster.loods("explain", "customer-1@example.com")
            #expect(story.contains("clicked") && story.contains("withdrew"), "\(story)")
        }
    }

    /// `POST /v1/messages`: to somebody who is new, once for each key.
    @Test(.timeLimit(.minutes(10)))
    func whatAServerAsksForIsMailedOnce() async throws {
        let files = Shop.files.merging([
            "emails/code/email.yaml": "subject: Your code\nclass: transactional\non_request: true\n",
            "emails/code/body.txt.mustache": "Your code is {{event.properties.code}}.\n",
            "journeys/invited.yaml": "journey: invited\nenter: {api: true}\nsteps: [{email: invitation}]\n",
            "emails/invitation/email.yaml": "subject: You are invited\nclass: transactional\n",
            "emails/invitation/body.txt.mustache": "{{event.properties.by}} invites you.\n",
        ]) { $1 }
        try await Cluster.with(workspace: files) { cluster in
            func ask(_ key: String, _ code: Int) async throws {
                let status = try await eventually("ingest knows the e-mail") {
                    let status = try await cluster.ask(
                        forMessage:
                            #"{"template": "code", "to": {"email": "new@example.com"}, "data": {"code": \#(code)}}"#,
                        key: key)
                    return status == 404 ? nil : status
                }
                #expect(status == 202)
            }
            try await ask("first", 111)
            try await ask("first", 222)
            try await ask("second", 333)
            for _ in 0..<2 {
                let body = #"{"journey": "invited", "to": {"email": "new@example.com"}, "data": {"by": "Bob"}}"#
                #expect(try await cluster.ask(forMessage: body, key: "first", at: "/v1/journeys") == 202)
            }
            let texts = try await eventually("three mails arrive") {
                let mails = try cluster.mail.mails()
                return mails.count == 3 ? mails.map(\.text) : nil
            }
            #expect(texts.count { $0.contains("Bob invites you.") } == 1)
            #expect(texts.count { $0.contains("Your code is 111.") } == 1)
            #expect(texts.count { $0.contains("Your code is 333.") } == 1)
            let told = try await cluster.loods("explain", "new@example.com")
            #expect(told.contains("request:code"), "\(told)")
        }
    }

    private func withdrawn(_ cluster: Cluster) async throws -> Int {
        try await cluster.count("select count(*) from consents where state = 'withdrawn'")
    }
}
