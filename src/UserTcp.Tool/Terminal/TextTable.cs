using Spectre.Console;
using Spectre.Console.Rendering;

namespace UserTcp.Tool.Terminal;

/// <summary>Rows under headings: a table on a terminal, aligned columns when redirected.</summary>
internal sealed class TextTable(params string[] columns)
{
    private const string Gap = "  ";
    private readonly List<string[]> _rows = [];
    private readonly HashSet<int> _right = [];
    private readonly List<int> _dispensable = [];
    private bool _endsInProse;

    /// <summary>Numbers are read from the right.</summary>
    public TextTable AlignRight(params int[] indices)
    {
        _right.UnionWith(indices);
        return this;
    }

    /// <summary>The columns that a narrow terminal may go without, the first one first.</summary>
    public TextTable MayLack(params int[] indices)
    {
        _dispensable.AddRange(indices);
        return this;
    }

    /// <summary>The last column is sentences, which may be broken into lines.</summary>
    public TextTable EndingInProse()
    {
        _endsInProse = true;
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

    /// <summary>The table for a terminal, of any width.</summary>
    public IRenderable Render() => new FittingTable(columns, _rows, _right, _dispensable, _endsInProse);

    /// <summary>The table for a file.</summary>
    public IEnumerable<string> Lines()
    {
        string[][] all = [columns, .. _rows];
        int[] widths = [.. columns.Select((_, i) => all.Max(row => row[i].Length))];
        return all.Select(row => string.Join(Gap, row.Select((cell, i) => _right.Contains(i)
            ? cell.PadLeft(widths[i])
            : cell.PadRight(widths[i]))).TrimEnd());
    }
}
