using System.Globalization;
using System.Xml.Linq;

namespace UserTcp.NetworkBenchmarks.Reports;

/// <summary>The ratios to the kernel as bars, in a picture that needs nothing else.</summary>
internal static class RatioChart
{
    private const int Width = 900;
    private const int Left = 400;
    private const int BarHeight = 14;
    private const int Step = 20;
    private const int Head = 50;
    private const double Most = 3;
    private static readonly XNamespace s_svg = "http://www.w3.org/2000/svg";

    public static string Draw(IEnumerable<Finding> report, string caption)
    {
        Finding[] rows = [.. report.Where(row => row.ToKernel is not null)];
        var picture = new XElement(s_svg + "svg",
            new XAttribute("viewBox", $"0 0 {Width} {Head + rows.Length * Step + Step}"),
            new XAttribute("font-family", "sans-serif"), new XAttribute("font-size", 11),
            new XElement(s_svg + "rect", new XAttribute("width", "100%"), new XAttribute("height", "100%"),
                new XAttribute("fill", "white")),
            Text(10, 18, "How much better than the kernel: 1 is as good, longer is better", "start"),
            Text(10, 34, caption, "start"));
        for (int i = 0; i < rows.Length; i++)
        {
            picture.Add(Bar(rows[i], Head + i * Step));
        }

        int one = Left + Length(1);
        picture.Add(new XElement(s_svg + "line", new XAttribute("x1", one), new XAttribute("x2", one),
            new XAttribute("y1", Head - 4), new XAttribute("y2", Head + rows.Length * Step),
            new XAttribute("stroke", "black"), new XAttribute("stroke-dasharray", "3 3")));
        return picture + Environment.NewLine;
    }

    private static object[] Bar(Finding row, int top)
    {
        double ratio = row.ToKernel!.Value.Median;
        return
        [
            Text(Left - 6, top + BarHeight - 3, $"{row.Row}: {row.Link}, {row.Scheduler} ({row.Unit})", "end"),
            new XElement(s_svg + "rect", new XAttribute("x", Left), new XAttribute("y", top),
                new XAttribute("width", Length(ratio)), new XAttribute("height", BarHeight),
                new XAttribute("fill", ratio >= 1 ? "#2a7f62" : "#b5651d")),
            Text(Left + Length(ratio) + 4, top + BarHeight - 3,
                ratio.ToString("F2", CultureInfo.InvariantCulture), "start"),
        ];
    }

    private static int Length(double ratio) => (int)(Math.Min(ratio, Most) / Most * (Width - Left - 50));

    private static XElement Text(int x, int y, string text, string anchor) => new(s_svg + "text",
        new XAttribute("x", x), new XAttribute("y", y), new XAttribute("text-anchor", anchor), text);
}
