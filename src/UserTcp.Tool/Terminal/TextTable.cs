using Spectre.Console;
using Spectre.Console.Rendering;

namespace UserTcp.Tool.Terminal;

/// <summary>Rows under headings: a table on a terminal, aligned columns when redirected.</summary>
internal sealed class TextTable(params string[] columns)
{
    private const string Gap = "  ";
    private readonly List<string[]> _rows = [];
    private readonly HashSet<int> _right = [];

    public int Count => _rows.Count;

    /// <summary>Numbers are read from the right.</summary>
    public TextTable AlignRight(params int[] indices)
    {
        _right.UnionWith(indices);
        return this;
    }

    public void Add(params string[] cells) => _rows.Add([.. cells.Select(ToolOutput.Clean)]);

    public void Show(ToolOutput output)
    {
        if (output.IsLive)
        {
            output.Screen.Write(Render());
            return;
        }

        foreach (string line in Lines())
        {
            output.Line(line);
        }
    }

    /// <summary>The table for a terminal.</summary>
    public IRenderable Render()
    {
        var table = new Table { Border = TableBorder.Rounded };
        foreach ((int i, string column) in columns.Index())
        {
            table.AddColumn(new TableColumn(new Text(column, new Style(decoration: Decoration.Bold)))
            {
                Alignment = _right.Contains(i) ? Justify.Right : Justify.Left, NoWrap = i < columns.Length - 1,
            });
        }

        foreach (string[] row in _rows)
        {
            table.AddRow(row.Select(cell => new Text(cell, StyleOf(cell))));
        }

        return table;
    }

    /// <summary>The table for a file.</summary>
    public IEnumerable<string> Lines()
    {
        string[][] all = [columns, .. _rows];
        int[] widths = [.. columns.Select((_, i) => all.Max(row => row[i].Length))];
        return all.Select(row => string.Join(Gap, row.Select((cell, i) => _right.Contains(i)
            ? cell.PadLeft(widths[i])
            : cell.PadRight(widths[i]))).TrimEnd());
    }

    private static Style StyleOf(string cell) => cell switch
    {
        "ok" => new Style(Color.Green),
        "warning" => new Style(Color.Yellow),
        "problem" => new Style(Color.Red),
        _ => Style.Plain,
    };
}
