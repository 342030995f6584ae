using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace UserTcp.Mutants;

/// <summary>
/// Compiles mutants in behind a switch: each changed place asks at run time whether its mutant is on. Lines keep their
/// numbers.
/// </summary>
internal static class Instrumenter
{
    /// <summary>The environment variable that turns on one mutant by its number.</summary>
    public const string Variable = "USERTCP_MUTANT";

    /// <summary>The environment variable that names the file of the mutants whose place was reached.</summary>
    public const string ReachedVariable = "USERTCP_MUTANTS_REACHED";

    /// <summary>
    /// The source of the switch, which is compiled into the library. The file of the reached places has a byte for each
    /// number.
    /// </summary>
    public const string Switch = $$"""
        namespace UserTcp;

        internal static class MutantSwitch
        {
            private static readonly int s_active =
                int.TryParse(System.Environment.GetEnvironmentVariable("{{Variable}}"), out int number) ? number : -1;

            private static readonly System.IO.FileStream? s_file = Open();
            private static readonly bool[] s_reached = new bool[100_000];

            public static bool Is(int number)
            {
                if (s_file is not null && !s_reached[number])
                    Note(number);
                return s_active == number;
            }

            private static System.IO.FileStream? Open()
            {
                string? path = System.Environment.GetEnvironmentVariable("{{ReachedVariable}}");
                return path is null ? null : new System.IO.FileStream(
                    path, System.IO.FileMode.OpenOrCreate, System.IO.FileAccess.Write,
                    System.IO.FileShare.ReadWrite, bufferSize: 0);
            }

            private static void Note(int number)
            {
                lock (s_reached)
                {
                    s_reached[number] = true;
                    s_file!.Position = number;
                    s_file.WriteByte(1);
                }
            }
        }
        """;

    /// <param name="text">The original file.</param>
    /// <param name="mutants">Its mutants, by their numbers.</param>
    public static string Apply(string text, IReadOnlyDictionary<int, Mutant> mutants)
    {
        SyntaxTree tree = CSharpSyntaxTree.ParseText(text);
        ILookup<TextSpan, KeyValuePair<int, Mutant>> bySpan = mutants.ToLookup(pair => pair.Value.Span);
        SyntaxNode root = tree.GetRoot();
        return (new Rewriter(bySpan).Visit(root) ?? root).ToFullString();
    }

    private sealed class Rewriter(ILookup<TextSpan, KeyValuePair<int, Mutant>> bySpan) : CSharpSyntaxRewriter
    {
        public override SyntaxNode? Visit(SyntaxNode? node)
        {
            SyntaxNode? visited = base.Visit(node);
            if (node is null || visited is null || !bySpan.Contains(node.Span))
                return visited;

            // A negation, or a deletion, goes round another mutant of the same place.
            foreach ((int number, Mutant mutant) in bySpan[node.Span].OrderBy(pair => Depth(pair.Value)))
            {
                if (IsPlaceOf(mutant, node))
                    visited = Wrap(number, mutant.Change, visited);
            }

            return visited;
        }

        private static int Depth(Mutant mutant) => mutant.Change.Kind is MutantKind.Negate or MutantKind.Delete ? 1 : 0;

        // A statement and its expression, or an argument and its literal, may have the same span.
        private static bool IsPlaceOf(Mutant mutant, SyntaxNode node) => mutant.Change.Kind switch
        {
            MutantKind.Operator => node is BinaryExpressionSyntax,
            MutantKind.Literal => node is LiteralExpressionSyntax,
            MutantKind.Bound => node is InvocationExpressionSyntax,
            MutantKind.Negate => node is ExpressionSyntax && IsCondition(node),
            _ => node is ExpressionStatementSyntax,
        };

        private static bool IsCondition(SyntaxNode node) => node.Parent switch
        {
            IfStatementSyntax parent => parent.Condition == node,
            WhileStatementSyntax parent => parent.Condition == node,
            ConditionalExpressionSyntax parent => parent.Condition == node,
            _ => false,
        };

        private static SyntaxNode Wrap(int number, MutantChange change, SyntaxNode node)
        {
            string asks = $"global::UserTcp.MutantSwitch.Is({number})";
            string original = node.WithoutTrivia().ToFullString();
            string code = change.Kind switch
            {
                MutantKind.Negate => $"({asks} ^ ({original}))",
                // In braces, or an else that follows would be taken for that of the switch.
                MutantKind.Delete => $"{{ if (!{asks}) {{ {original} }} }}",
                MutantKind.Assignment => $"{{ if ({asks}) {{ {Mutate(change, node)} }} else {{ {original} }} }}",
                _ => $"({asks} ? ({OnOneLine(Mutate(change, node))}) : ({original}))",
            };
            SyntaxNode parsed = node is StatementSyntax
                ? SyntaxFactory.ParseStatement(code)
                : SyntaxFactory.ParseExpression(code);
            return parsed.WithTriviaFrom(node);
        }

        // The original beside it has the line breaks already. A comment that ends with its line would swallow the rest.
        private static string OnOneLine(string code) =>
            code.Contains("//", StringComparison.Ordinal) ? code : code.ReplaceLineEndings(" ");

        private static string Mutate(MutantChange change, SyntaxNode node)
        {
            SyntaxToken token = node switch
            {
                BinaryExpressionSyntax binary => binary.OperatorToken,
                LiteralExpressionSyntax literal => literal.Token,
                InvocationExpressionSyntax { Expression: MemberAccessExpressionSyntax access } =>
                    access.Name.Identifier,
                ExpressionStatementSyntax { Expression: AssignmentExpressionSyntax assignment } =>
                    assignment.OperatorToken,
                ExpressionStatementSyntax { Expression: PostfixUnaryExpressionSyntax step } => step.OperatorToken,
                _ => throw new InvalidOperationException($"{node.Kind()} has nothing that '{change}' could change."),
            };
            SyntaxNode bare = node.WithoutTrivia();
            int start = token.SpanStart - node.SpanStart;
            string text = bare.ToFullString();
            return string.Concat(text.AsSpan(0, start), change.Becomes, text.AsSpan(start + token.Span.Length));
        }
    }
}
