namespace UserTcp.Lab.Tests.Traffic;

/// <summary>Pages and an order in which to fetch them, all made by a seed.</summary>
internal sealed class PageSet
{
    // Around one segment, one coalesced frame, one buffer.
    private static readonly int[] s_edges =
        [1, 2, 535, 536, 537, 1447, 1448, 1449, 1459, 1460, 1461, 2896, 4096, 65_159, 65_535, 65_536, 65_537, 1 << 20];

    private PageSet(IReadOnlyList<Page> pages, IReadOnlyList<Page> requests)
    {
        Pages = pages;
        Requests = requests;
    }

    /// <summary>Each page once.</summary>
    public IReadOnlyList<Page> Pages { get; }

    /// <summary>What to fetch, in this order.</summary>
    public IReadOnlyList<Page> Requests { get; }

    /// <summary>
    /// Of a thousand: six hundred up to 16 KiB, three hundred up to 256 KiB, the rest up to 1 MiB, but for eight, which
    /// have 10,000,000 bytes.
    /// </summary>
    public static PageSet UpTo10Megabytes(int requests, int seed)
    {
        var random = new Random(seed);
        var sizes = new List<int>(s_edges);
        sizes.AddRange(Sizes(random, 60, 1, 16 << 10));
        sizes.AddRange(Sizes(random, 30, 16 << 10, 256 << 10));
        sizes.AddRange(Sizes(random, 10, 256 << 10, 1 << 20));
        Page[] pages = [.. sizes.Select((size, i) => new Page(size, seed + i)), new Page(10_000_000, seed - 1)];
        var order = new List<Page>(pages[..^1]);
        while (order.Count < requests - 8)
            order.Add(Pick(random, pages));
        order.AddRange(Enumerable.Repeat(pages[^1], 8));
        return new PageSet(pages, Shuffled(random, order));
    }

    /// <summary>Pages of up to 1 MiB, each fetched once.</summary>
    public static PageSet UpTo1Megabyte(int requests, int seed)
    {
        var random = new Random(seed);
        int half = requests / 2;
        IEnumerable<int> sizes = [
            .. s_edges, .. Sizes(random, half - s_edges.Length, 1, 64 << 10),
            .. Sizes(random, requests - half, 1, 1 << 20)];
        Page[] pages = [.. sizes.Select((size, i) => new Page(size, seed + i))];
        return new PageSet(pages, Shuffled(random, [.. pages]));
    }

    /// <summary>Writes each page into a folder, under its name.</summary>
    public void WriteTo(string folder)
    {
        foreach (Page page in Pages)
            File.WriteAllBytes(Path.Combine(folder, page.Name), page.Bytes);
    }

    private static IEnumerable<int> Sizes(Random random, int count, int low, int high) =>
        Enumerable.Range(0, count).Select(_ => random.Next(low, high));

    // The last one, the large, is not picked.
    private static Page Pick(Random random, Page[] pages)
    {
        int kind = random.Next(1000);
        int start = s_edges.Length;
        return kind switch
        {
            < 600 => pages[start + random.Next(60)],
            < 900 => pages[start + 60 + random.Next(30)],
            _ => pages[start + 90 + random.Next(10)],
        };
    }

    private static Page[] Shuffled(Random random, List<Page> order)
    {
        Page[] shuffled = [.. order];
        random.Shuffle(shuffled);
        return shuffled;
    }
}
