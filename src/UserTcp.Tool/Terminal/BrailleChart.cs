namespace UserTcp.Tool.Terminal;

/// <summary>A line chart of letters: every braille letter holds two by four dots.</summary>
internal static class BrailleChart
{
    private const int DotsAcross = 2;
    private const int DotsDown = 4;
    private const char Blank = '\u2800';

    // The bits of a letter's dots, column by column, from above.
    private static readonly int[,] s_bits = { { 0x01, 0x02, 0x04, 0x40 }, { 0x08, 0x10, 0x20, 0x80 } };

    /// <summary>Draws the values over the whole width, from 0 at the bottom to the largest at the top.</summary>
    /// <param name="values">In the order of time; more than fit are averaged.</param>
    /// <param name="width">In letters.</param>
    /// <param name="height">The same.</param>
    public static string[] Draw(IReadOnlyList<double> values, int width, int height)
    {
        int[,] cells = new int[height, width];
        double[] columns = Resample(values, width * DotsAcross);
        double most = columns.Length == 0 ? 0 : columns.Max();
        int rows = height * DotsDown;
        int before = -1;
        for (int x = 0; x < columns.Length; x++)
        {
            int y = most > 0 ? (int)Math.Round((rows - 1) * columns[x] / most) : 0;

            // A step is a line, or the eye loses it.
            int from = before < 0 ? y : Math.Min(y, before + Math.Sign(y - before));
            int to = before < 0 ? y : Math.Max(y, before + Math.Sign(y - before));
            for (int dot = from; dot <= to; dot++)
                Set(cells, x, rows - 1 - dot);

            before = y;
        }

        return [.. Enumerable.Range(0, height).Select(row => new string(
            [.. Enumerable.Range(0, width).Select(column => (char)(Blank + cells[row, column]))]))];
    }

    private static void Set(int[,] cells, int x, int y) =>
        cells[y / DotsDown, x / DotsAcross] |= s_bits[x % DotsAcross, y % DotsDown];

    // Few values become wide steps, many become means.
    private static double[] Resample(IReadOnlyList<double> values, int count)
    {
        if (values.Count == 0)
            return [];

        double[] columns = new double[count];
        for (int i = 0; i < count; i++)
        {
            int first = (int)((long)i * values.Count / count);
            int last = Math.Max(first + 1, (int)((long)(i + 1) * values.Count / count));
            columns[i] = Enumerable.Range(first, last - first).Average(index => values[index]);
        }

        return columns;
    }
}
