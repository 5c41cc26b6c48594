package io.fastforward.page;

import com.samskivert.mustache.Mustache;
import com.samskivert.mustache.Template;
import io.fastforward.failure.PlainText;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/**
 * Makes one HTML file of a page: styles, the charting library and all data are in it, and nothing is loaded from anywhere. Texts
 * are escaped by the template, whatever is in them.
 */
final class PageTemplate {

    private static final String CHARTING = "/META-INF/resources/webjars/uplot/1.6.30/dist/";

    private PageTemplate() {}

    static byte[] html(Page page) {
        Template template = Mustache.compiler()
                .escapeHTML(true)
                .withLoader(name -> new StringReader(template(name)))
                .compile(template("page"));
        Map<String, Object> context = new HashMap<>();
        context.put("page", page);
        context.put("charted", !page.charts().isEmpty());
        context.put("styles", text(CHARTING + "uPlot.min.css") + text("/page/page.css"));
        context.put("library", text(CHARTING + "uPlot.iife.min.js"));
        context.put("script", text("/page/page.js"));
        return PlainText.of(template.execute(context)).getBytes(StandardCharsets.UTF_8);
    }

    static String template(String name) {
        return text("/page/" + name + ".mustache");
    }

    private static String text(String resource) {
        try (InputStream in = PageTemplate.class.getResourceAsStream(resource)) {
            if (in == null) {
                throw new IllegalStateException("there is no resource " + resource);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
