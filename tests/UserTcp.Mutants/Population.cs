using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace UserTcp.Mutants;

/// <summary>All mutants of the rooms that hold the protocol, in the order of their files and lines.</summary>
internal static class Population
{
    /// <summary>The folders of <c>src/UserTcp</c> whose code is changed.</summary>
    public static IReadOnlyList<string> Rooms { get; } = ["Buffers", "Ip", "Stack", "Tcp"];

    /// <param name="library">The folder <c>src/UserTcp</c>.</param>
    public static IReadOnlyList<Mutant> Read(string library)
    {
        var mutants = new List<Mutant>();
        foreach (string room in Rooms)
        {
            string[] files = Directory.GetFiles(Path.Combine(library, room), "*.cs", SearchOption.AllDirectories);
            Array.Sort(files, StringComparer.Ordinal);
            foreach (string file in files)
            {
                string path = Path.GetRelativePath(library, file).Replace('\\', '/');
                mutants.AddRange(Of(path, File.ReadAllText(file)));
            }
        }

        return mutants;
    }

    /// <summary>The mutants of one file.</summary>
    public static IReadOnlyList<Mutant> Of(string path, string text)
    {
        SyntaxTree tree = CSharpSyntaxTree.ParseText(text);
        var finder = new MutantFinder(path, tree.GetText());
        finder.Visit(tree.GetRoot());
        return finder.Found;
    }

    /// <summary>The whole population in the order in which a seed draws it.</summary>
    public static IReadOnlyList<Mutant> Shuffle(IReadOnlyList<Mutant> population, int seed)
    {
        var order = new Mutant[population.Count];
        for (int i = 0; i < order.Length; i++)
        {
            order[i] = population[i];
        }

        // The sequence must be the same on all systems and runtimes, which System.Random does not promise.
        ulong state = (ulong)seed;
        for (int i = order.Length - 1; i > 0; i--)
        {
            int other = (int)(SplitMix(ref state) % (ulong)(i + 1));
            (order[i], order[other]) = (order[other], order[i]);
        }

        return order;
    }

    private static ulong SplitMix(ref ulong state)
    {
        ulong z = state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
