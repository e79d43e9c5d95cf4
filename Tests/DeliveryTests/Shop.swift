import TestSupport

/// The definitions that these tests run with.
enum Shop {
    static let files: [String: String] = [
        "workspace.yaml": shopSettings(topics: ["offers": "Yes, send me offers", "tracking": "You may see what I open"]
        ) + "locale: en\n",
        "emails/greeting/email.yaml": """
        subject: {en: Good day, nl: Goedendag}
        preheader: {en: From the shop, nl: Van de winkel}
        class: transactional
        """,
        "emails/greeting/body.txt.mustache": "Hello.\n",
        "emails/greeting/body.html.mustache": "<p>Hello.</p>\n",
        "emails/greeting/body.nl.txt.mustache": "Dag, {{event.properties.order}}.\n",
        "emails/greeting/body.nl.html.mustache": "<p>Dag.</p>\n",
        "emails/receipt/email.yaml": "{subject: 'Receipt for {{contact.name}}', class: transactional}",
        "emails/receipt/body.txt.mustache": "Thank you.\n",
        "emails/order/email.yaml": "{subject: 'Order {{event.properties.order}}', class: transactional}",
        "emails/order/body.txt.mustache": "It is on its way.\n",
        "emails/news/email.yaml": "{subject: News, topic: offers}",
        "emails/news/body.txt.mustache": "News. No more: {{links.unsubscribe}}\n",
        "emails/offer/email.yaml": "{subject: Offer, topic: offers}",
        "emails/offer/body.txt.mustache": "An offer: https://shop.example/offer\n\nNo more: {{links.unsubscribe}}\n",
        "emails/offer/body.html.mustache":
            "<p><a href=\"https://shop.example/offer\">An offer</a> <a href=\"{{links.unsubscribe}}\">No more</a></p>\n",
    ]
}
