using Spectre.Console;
using Spectre.Console.Rendering;

namespace UserTcp.Tool.Terminal;

/// <summary>
/// A table as wide as the terminal allows: it goes without columns where there is no room, and without being a table
/// where there is still none. Spectre itself makes columns of no width then, and never ends.
/// </summary>
internal sealed class FittingTable(
    string[] columns, IReadOnlyList<string[]> rows, IReadOnlySet<int> right, IReadOnlyList<int> dispensable,
    bool endsInProse) : Renderable
{
    private const int Padding = 2; // of a column
    private const int ShortestProse = 24;

    protected override IEnumerable<Segment> Render(RenderOptions options, int maxWidth) =>
        Fit(maxWidth).Render(options, maxWidth);

    private IRenderable Fit(int width)
    {
        List<int> shown = [.. Enumerable.Range(0, columns.Length).Except(dispensable)];
        if (Room(shown, width) < 0)
            return Stack();

        foreach (int column in dispensable.Reverse().OrderByDescending(HasText))
        {
            if (Room([.. shown, column], width) >= 0)
                shown.Add(column);
        }

        shown.Sort();
        IRenderable table = Draw(shown, width);
        string[] lacking = [.. dispensable.Except(shown).Where(HasText).Order().Select(column => columns[column])];
        return lacking.Length == 0
            ? table
            : new Rows(table, new Text(
                $"No room for: {string.Join(", ", lacking)}.", new Style(decoration: Decoration.Dim)));
    }

    private bool HasText(int column) => rows.Any(row => row[column].Length > 0);

    // What is left of the width. Prose needs no more than it can be broken to.
    private int Room(List<int> shown, int width)
    {
        int borders = shown.Count * (Padding + 1) + 1;
        return width - borders - shown.Sum(column => IsProse(column)
            ? Math.Min(Natural(column), ShortestProse)
            : Natural(column));
    }

    private int Natural(int column) => Math.Max(1, rows.Select(row => row[column]).Append(columns[column])
        .Max(cell => cell.GetCellWidth()));

    private bool IsProse(int column) => endsInProse && column == columns.Length - 1;

    private Table Draw(List<int> shown, int width)
    {
        int room = Room(shown, width);
        var table = new Table { Border = TableBorder.Rounded };
        foreach (int column in shown)
        {
            int natural = Natural(column);
            table.AddColumn(new TableColumn(new Text(columns[column], new Style(decoration: Decoration.Bold)))
            {
                Alignment = right.Contains(column) ? Justify.Right : Justify.Left,
                Width = IsProse(column) ? Math.Min(natural, ShortestProse + room) : natural,
                NoWrap = !IsProse(column),
            });
        }

        foreach (string[] row in rows)
        {
            table.AddRow(shown.Select(column => new Text(row[column], StyleOf(row[column]))));
        }

        return table;
    }

    // A cell on each line, rows with a blank line between: what is too long even for that the terminal breaks.
    private Rows Stack()
    {
        int widest = columns.Max(column => column.Length);
        List<IRenderable> lines = [];
        foreach (string[] row in rows)
        {
            if (lines.Count > 0)
                lines.Add(new Text(" "));
            lines.AddRange(row.Index().Where(cell => cell.Item.Length > 0).Select(cell => new Text(
                $"{columns[cell.Index].PadRight(widest)}  {cell.Item}", StyleOf(cell.Item))));
        }

        return new Rows(lines);
    }

    private static Style StyleOf(string cell) => cell switch
    {
        "ok" => new Style(Color.Green),
        "warning" => new Style(Color.Yellow),
        "problem" => new Style(Color.Red),
        _ => Style.Plain,
    };
}
