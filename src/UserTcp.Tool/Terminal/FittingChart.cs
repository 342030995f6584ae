using Spectre.Console;
using Spectre.Console.Rendering;

namespace UserTcp.Tool.Terminal;

/// <summary>A chart that a narrow terminal makes narrower, instead of breaking its lines.</summary>
internal sealed class FittingChart(double[] values, int height, Color color) : Renderable
{
    private const int MostWidth = 64;

    protected override IEnumerable<Segment> Render(RenderOptions options, int maxWidth) =>
        ((IRenderable)new Rows(BrailleChart.Draw(values, Math.Min(maxWidth, MostWidth), height)
            .Select(line => new Text(line, new Style(color))))).Render(options, maxWidth);
}
